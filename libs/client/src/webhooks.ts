import { type ReadBody } from './read-body.ts';
import { type Send } from './send.ts';
import { type CreatedWebhook, type Webhook, type WebhookDelivery } from './webhook-format.ts';

interface Abortable {
  readonly signal?: AbortSignal;
}

export interface NewWebhook extends Abortable {
  /** http or https. */
  readonly url: string;
  /** Such as `run.completed`, `run.ended`, `run.*`, `workflow.*`, `token.*`; by default what happens to runs, workflows and tokens. */
  readonly events?: readonly string[];
  /** `millrace` by default. */
  readonly format?: 'millrace' | 'windmill';
  readonly description?: string;
}

/** What is absent stays. */
export type WebhookChange = Partial<Omit<NewWebhook, 'format'>>;

/** Receivers that the server tells what happens. */
export interface WebhooksClient {
  readonly create: (webhook: NewWebhook) => Promise<CreatedWebhook>;
  readonly list: (options?: Abortable) => Promise<readonly Webhook[]>;
  /** Another address, other events, another description; the secret and what is owed stay. */
  readonly change: (id: string, change: WebhookChange) => Promise<Webhook>;
  readonly remove: (id: string, options?: Abortable) => Promise<void>;
  /** Tries a receiver again that was disabled. */
  readonly enable: (id: string, options?: Abortable) => Promise<Webhook>;
  /** Sends a test; the id of its delivery. */
  readonly test: (id: string, options?: Abortable) => Promise<string>;
  /** The newest first. */
  readonly deliveries: (id: string, options?: Abortable) => Promise<readonly WebhookDelivery[]>;
  /** Sends a message again, under the same id. */
  readonly resend: (id: string, delivery: string, options?: Abortable) => Promise<void>;
  /** Sends everything again that has failed for good since a time (RFC 3339); how much. */
  readonly recover: (id: string, since: string, options?: Abortable) => Promise<number>;
}

const targetOf = (id: string, rest = ''): string => `/webhooks/${encodeURIComponent(id)}${rest}`;

export const webhooksOf = (send: Send, read: ReadBody): WebhooksClient => {
  const post = (target: string, { signal }: Abortable, body?: unknown): Promise<Response> =>
    send({ method: 'POST', target, isRepeatable: false, signal, ...(body === undefined ? {} : { body }) });
  const get = (target: string, { signal }: Abortable): Promise<Response> =>
    send({ method: 'GET', target, isRepeatable: true, signal });
  return {
    create: ({ signal, ...webhook }) =>
      read(post('/webhooks', signal === undefined ? {} : { signal }, webhook), 'secret'),
    list: async (call = {}) => (await read<{ webhooks: Webhook[] }>(get('/webhooks', call), 'webhooks')).webhooks,
    change: (id, { signal, ...body }) =>
      read(send({ method: 'PATCH', target: targetOf(id), isRepeatable: true, signal, body }), 'id'),
    remove: async (id, { signal } = {}) => {
      await send({ method: 'DELETE', target: targetOf(id), isRepeatable: true, signal });
    },
    enable: (id, call = {}) => read(post(targetOf(id, '/enable'), call), 'id'),
    test: async (id, call = {}) => (await read<{ id: string }>(post(targetOf(id, '/test'), call), 'id')).id,
    deliveries: async (id, call = {}) => {
      const answer = get(targetOf(id, '/deliveries'), call);
      return (await read<{ deliveries: WebhookDelivery[] }>(answer, 'deliveries')).deliveries;
    },
    resend: async (id, delivery, call = {}) => {
      const target = targetOf(id, `/deliveries/${encodeURIComponent(delivery)}/resend`);
      await read<{ id: string }>(post(target, call), 'id');
    },
    recover: async (id, since, call = {}) => {
      const answer = post(targetOf(id, '/recover'), call, { since });
      return (await read<{ recovered: number }>(answer, 'recovered')).recovered;
    },
  };
};
