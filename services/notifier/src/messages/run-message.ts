import { eventName } from '@millrace/contracts';
import { decodePublicEvent, type StoredText } from '@millrace/eventlog';
import { CLOUDEVENT_MEDIA_TYPE, type WebhookMessage } from './webhook-message.ts';

/** The public event as it is; `undefined` for what is none. */
export const runMessage = ({ header, text }: StoredText): WebhookMessage | undefined => {
  let event: ReturnType<typeof decodePublicEvent>;
  try {
    event = decodePublicEvent(header, text);
  } catch {
    return undefined; // somebody else published under `run.`
  }
  return {
    event: `run.${eventName(event.type)}`,
    subject: event.subject,
    key: `${event.source} ${event.id}`,
    body: JSON.stringify(event),
    contentType: CLOUDEVENT_MEDIA_TYPE,
  };
};
