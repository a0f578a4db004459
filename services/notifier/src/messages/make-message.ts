import { type WebhookFormat, type WebhookSource } from '@millrace/contracts';
import { type LogConnection, readStored, readStoredBefore, type StoredText, WEBHOOK_STREAMS } from '@millrace/eventlog';
import { runMessage } from './run-message.ts';
import { tokenMessage } from './token-message.ts';
import { type WebhookMessage } from './webhook-message.ts';
import { workflowMessage } from './workflow-message.ts';

/** Makes the message about something that is stored in one of the streams; `undefined` when nothing is to be told about it. */
export type MakeMessage = (
  stream: string,
  stored: StoredText,
  format: WebhookFormat,
) => Promise<WebhookMessage | undefined>;

export const makeMessages =
  (connection: LogConnection): MakeMessage =>
  async (stream, stored, format) => {
    const change = async () => ({ after: stored, before: await readStoredBefore(connection, stream, stored) });
    switch (stream) {
      case WEBHOOK_STREAMS.events:
        return runMessage(stored);
      case WEBHOOK_STREAMS.catalog:
        return workflowMessage(await change(), format);
      case WEBHOOK_STREAMS.tokens:
        return tokenMessage(await change());
      default:
        return undefined;
    }
  };

/** Makes the message again from where it came from; `undefined` when that is gone. */
export const makeMessageAgain = async (
  connection: LogConnection,
  make: MakeMessage,
  { stream, sequence }: WebhookSource,
  format: WebhookFormat,
): Promise<WebhookMessage | undefined> => {
  const stored = await readStored(connection, stream, { seq: sequence });
  return stored === undefined ? undefined : make(stream, stored, format);
};
