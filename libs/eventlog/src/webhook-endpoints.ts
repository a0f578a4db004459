import { EVENTS_STREAM, parseWebhookEndpoint, type WebhookEndpoint, type WebhookStart } from '@millrace/contracts';
import { AppError } from '@millrace/kernel';
import { type LogConnection } from './connection.ts';
import { streamBounds } from './stream-bounds.ts';
import { CATALOG_BUCKET, TOKENS_BUCKET, WEBHOOKS_BUCKET } from './topology.ts';
import { watchBucket } from './watched-bucket.ts';

/** Streams that webhooks are made from. */
export const WEBHOOK_STREAMS = {
  events: EVENTS_STREAM,
  catalog: `KV_${CATALOG_BUCKET}`,
  tokens: `KV_${TOKENS_BUCKET}`,
} as const satisfies Record<keyof WebhookStart, string>;

/** All receivers of webhooks, held in memory and kept up to date. */
export interface WebhookEndpoints {
  readonly get: (id: string) => WebhookEndpoint | undefined;
  readonly list: () => readonly WebhookEndpoint[];
  /** Resolves once stored and known here; other processes see it a moment later. */
  readonly put: (endpoint: WebhookEndpoint) => Promise<void>;
  /** Changes an endpoint from what is stored now, whoever else changes it at the same time. @throws AppError `not_found` `webhook.not_found` */
  readonly change: (id: string, change: (current: WebhookEndpoint) => WebhookEndpoint) => Promise<WebhookEndpoint>;
  readonly remove: (id: string) => Promise<void>;
  /** Calls back after each change, with `undefined` after a removal; returns how to stop. */
  readonly onChange: (listener: (id: string, endpoint: WebhookEndpoint | undefined) => void) => () => void;
  /** Resolves when everything that was stored before has been loaded. */
  readonly ready: Promise<void>;
  readonly close: () => Promise<void>;
}

export const openWebhookEndpoints = (connection: LogConnection): WebhookEndpoints => {
  const endpoints = new Map<string, WebhookEndpoint>();
  const listeners = new Set<(id: string, endpoint: WebhookEndpoint | undefined) => void>();
  const bucket = watchBucket<WebhookEndpoint>(connection, {
    bucket: WEBHOOKS_BUCKET,
    parse: parseWebhookEndpoint,
    onChange: (id, endpoint) => {
      if (endpoint === undefined) endpoints.delete(id);
      else endpoints.set(id, endpoint);
      for (const listener of [...listeners]) listener(id, endpoint);
    },
  });
  return {
    get: (id) => endpoints.get(id),
    list: () => [...endpoints.values()],
    put: (endpoint) => bucket.put(endpoint.id, endpoint),
    change: (id, change) =>
      bucket.change(id, (current) => {
        if (current === undefined) throw new AppError('not_found', 'webhook.not_found', 'there is no such webhook');
        return change(current);
      }),
    remove: bucket.remove,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ready: bucket.ready,
    close: bucket.close,
  };
};

/** The ends of the streams now: an endpoint that begins here gets what happens from now on. */
export const webhookStartNow = async (connection: LogConnection): Promise<WebhookStart> => {
  const next = async (stream: string): Promise<number> => (await streamBounds(connection, stream)).last + 1;
  const [events, catalog, tokens] = await Promise.all([
    next(WEBHOOK_STREAMS.events),
    next(WEBHOOK_STREAMS.catalog),
    next(WEBHOOK_STREAMS.tokens),
  ]);
  return { events, catalog, tokens };
};
