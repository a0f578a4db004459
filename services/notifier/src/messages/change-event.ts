import { type StoredText } from '@millrace/eventlog';
import { CLOUDEVENT_MEDIA_TYPE, type WebhookMessage } from './webhook-message.ts';

/** A change of a bucket, with what stood there before it. */
export interface Change {
  readonly after: StoredText;
  readonly before: StoredText | undefined;
}

const isRemoval = (stored: StoredText): boolean => ['DEL', 'PURGE'].includes(stored.header('KV-Operation') ?? '');

/** The value in a message of a bucket; `undefined` after a removal. */
export const valueOf = <Value>(
  stored: StoredText | undefined,
  parse: (text: string) => Value | undefined,
): Value | undefined => (stored === undefined || isRemoval(stored) ? undefined : parse(stored.text));

export interface ChangeEvent {
  readonly event: string;
  readonly subject: string;
  readonly workspace: string;
  readonly data: unknown;
}

/** Stays the same however often it is made; the time keeps it apart when a bucket was made anew. */
export const keyOf = ({ after }: Change): string => `${after.subject} ${after.sequence} ${after.time}`;

export const changeMessage = (change: Change, { event, subject, workspace, data }: ChangeEvent): WebhookMessage => ({
  event,
  subject,
  key: keyOf(change),
  contentType: CLOUDEVENT_MEDIA_TYPE,
  body: JSON.stringify({
    specversion: '1.0',
    id: `${event}-${change.after.sequence}-${change.after.time}`,
    source: '/millrace/notifier',
    type: `dev.millrace.${event}.v1`,
    subject,
    time: new Date(change.after.time).toISOString(),
    datacontenttype: 'application/json',
    workspace,
    data,
  }),
});
