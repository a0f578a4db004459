import { setTimeout as delay } from 'node:timers/promises';
import { type LogConnection, openWebhookEndpoints } from '@millrace/eventlog';
import { messageOf, SECOND } from '@millrace/kernel';
import { type PlatformParts } from './platform-parts.ts';

const TRY_AGAIN_MS = 5 * SECOND;

export interface NotifierStart {
  readonly start: () => Promise<unknown>;
  readonly parts: Pick<PlatformParts, 'ending' | 'defer' | 'onEvent'>;
}

/**
 * Starts the notifier as soon as there is a webhook, and keeps it: most servers have none, and need not pay for a process that
 * does nothing.
 */
export const startNotifierWhenNeeded = (connection: LogConnection, { start, parts }: NotifierStart): void => {
  const { ending, onEvent } = parts;
  const endpoints = openWebhookEndpoints(connection);
  parts.defer(() => endpoints.close());
  const isWanted = (): boolean => !ending.aborted;
  const begin = async (): Promise<void> => {
    while (isWanted()) {
      try {
        await start();
        return;
      } catch (error) {
        if (isWanted()) onEvent({ type: 'warning', message: `webhooks are not delivered: ${messageOf(error)}` });
        await delay(TRY_AGAIN_MS, undefined, { signal: ending }).catch(() => undefined);
      }
    }
  };
  const stopListening = endpoints.onChange((_id, endpoint) => {
    if (endpoint === undefined) return;
    stopListening();
    void begin();
  });
};
