import {
  DELIVERIES_STREAM,
  DELIVERY_ATTEMPTS_STREAM,
  parseWebhookAttempt,
  parseWebhookDelivery,
  parseWebhookTrouble,
  type WebhookAttempt,
  type WebhookDelivery,
  webhookSubject,
  type WebhookTrouble,
} from '@millrace/contracts';
import { type LogConnection } from './connection.ts';
import { type Delivered } from './delivered.ts';
import { followStream } from './follow-stream.ts';
import { readAllStored, readStored, removeStored, storeText } from './stored-messages.ts';
import { streamBounds } from './stream-bounds.ts';
import { ATTEMPTS_PER_ENDPOINT_MAX } from './topology.ts';

/** What is kept about messages that could not be delivered yet, and about what was tried. */
export interface WebhookDeliveries {
  /** Replaces what is known about a delivery; one that has failed for good is forgotten after {@link FAILED_KEPT}. */
  readonly put: (delivery: WebhookDelivery) => Promise<void>;
  readonly find: (endpoint: string, id: string) => Promise<WebhookDelivery | undefined>;
  /** Everything about one endpoint that is not delivered. */
  readonly list: (endpoint: string) => Promise<readonly WebhookDelivery[]>;
  /** It is delivered, or nobody wants it any more. */
  readonly remove: (endpoint: string, id: string) => Promise<void>;
  readonly putTrouble: (trouble: WebhookTrouble) => Promise<void>;
  readonly removeTrouble: (endpoint: string) => Promise<void>;
  readonly recordAttempt: (attempt: WebhookAttempt) => Promise<void>;
  /** The newest last. */
  readonly attempts: (endpoint: string) => Promise<readonly WebhookAttempt[]>;
  /** Removes everything about an endpoint. */
  readonly forget: (endpoint: string) => Promise<void>;
}

/** A value of the header `Nats-TTL`. */
const FAILED_KEPT = '168h';
const LIST_MAX = 10_000;

const known = <Value>(values: readonly (Value | undefined)[]): readonly Value[] =>
  values.filter((value) => value !== undefined);

export const openWebhookDeliveries = (connection: LogConnection): WebhookDeliveries => {
  const removeOf = (filter: string): Promise<void> => removeStored(connection, DELIVERIES_STREAM, filter);
  return {
    put: async (delivery) => {
      const headers = delivery.state === 'failed' ? { 'Nats-TTL': FAILED_KEPT } : undefined;
      const subject = webhookSubject.delivery(delivery.endpoint, delivery.id);
      await storeText(connection, subject, JSON.stringify(delivery), headers);
    },
    find: async (endpoint, id) => {
      const query = { last_by_subj: webhookSubject.delivery(endpoint, id) };
      const stored = await readStored(connection, DELIVERIES_STREAM, query);
      return stored === undefined ? undefined : parseWebhookDelivery(stored.text);
    },
    list: async (endpoint) => {
      const subject = webhookSubject.deliveriesOf(endpoint);
      const stored = await readAllStored(connection, DELIVERIES_STREAM, subject, LIST_MAX);
      return known(stored.map(({ text }) => parseWebhookDelivery(text)));
    },
    remove: (endpoint, id) => removeOf(webhookSubject.delivery(endpoint, id)),
    putTrouble: async (trouble) => {
      await storeText(connection, webhookSubject.trouble(trouble.endpoint), JSON.stringify(trouble));
    },
    removeTrouble: (endpoint) => removeOf(webhookSubject.trouble(endpoint)),
    recordAttempt: async (attempt) => {
      await storeText(connection, webhookSubject.attempts(attempt.endpoint), JSON.stringify(attempt));
    },
    attempts: async (endpoint) => {
      const subject = webhookSubject.attempts(endpoint);
      const stored = await readAllStored(connection, DELIVERY_ATTEMPTS_STREAM, subject, ATTEMPTS_PER_ENDPOINT_MAX);
      return known(stored.map(({ text }) => parseWebhookAttempt(text)));
    },
    forget: async (endpoint) => {
      await removeOf(webhookSubject.deliveriesOf(endpoint));
      await removeOf(webhookSubject.trouble(endpoint));
      await removeStored(connection, DELIVERY_ATTEMPTS_STREAM, webhookSubject.attempts(endpoint));
    },
  };
};

/** What is to be done, as {@link followDeliveries} tells it. */
export interface DeliveryChanges {
  readonly onDelivery: (delivery: WebhookDelivery) => void;
  readonly onTrouble: (trouble: WebhookTrouble) => void;
  /** Everything that was there at the beginning has been told. */
  readonly onLoaded: () => void;
}

const tell = ({ message }: Delivered, { onDelivery, onTrouble }: DeliveryChanges): void => {
  const text = message.string();
  const delivery = message.subject.startsWith('webhook.delivery.') ? parseWebhookDelivery(text) : undefined;
  if (delivery !== undefined) onDelivery(delivery);
  const trouble = message.subject.startsWith('webhook.trouble.') ? parseWebhookTrouble(text) : undefined;
  if (trouble !== undefined) onTrouble(trouble);
};

/** Tells what is stored about deliveries, then every change that is written, until the signal aborts. Removals are not told. */
export const followDeliveries = async (
  connection: LogConnection,
  signal: AbortSignal,
  changes: DeliveryChanges,
): Promise<void> => {
  const { first, last } = await streamBounds(connection, DELIVERIES_STREAM);
  let isLoaded = false;
  const loadedAt = (sequence: number): void => {
    if (isLoaded || sequence < last) return;
    isLoaded = true;
    changes.onLoaded();
  };
  if (first > last) loadedAt(last);
  const filters = ['webhook.>'];
  const from = { stream: DELIVERIES_STREAM, filters, fromSequence: 1, signal, onRewind: 'repeat' } as const;
  for await (const batch of followStream(connection, from)) {
    for (const delivered of batch) tell(delivered, changes);
    loadedAt(batch.at(-1)?.sequence ?? 0);
  }
};
