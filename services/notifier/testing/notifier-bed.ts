import { randomBytes } from 'node:crypto';
import {
  type CatalogEntry,
  type RunEvent,
  type WebhookAttempt,
  type WebhookEndpoint,
  webhookSecretPlace,
} from '@millrace/contracts';
import {
  type Catalog,
  connectLog,
  ensureTopology,
  type LogConnection,
  makePublicEventPublisher,
  openCatalog,
  openTokens,
  openWebhookDeliveries,
  openWebhookEndpoints,
  type TokenStore,
  type WebhookDeliveries,
  type WebhookEndpoints,
  webhookStartNow,
} from '@millrace/eventlog';
import { parseKeyRing, sealValue } from '@millrace/secrets';
import { claimNats, startService, type StartedService } from '@millrace/testkit';

const MAIN = new URL('../src/main.ts', import.meta.url).pathname;
const MASTER_KEY = randomBytes(32).toString('base64');
export const SECRET = `whsec_${randomBytes(24).toString('base64')}`;

/** Streams of a test file's own, and notifiers on them. */
export interface NotifierBed {
  readonly connection: LogConnection;
  readonly catalog: Catalog;
  readonly tokens: TokenStore;
  readonly endpoints: WebhookEndpoints;
  readonly deliveries: WebhookDeliveries;
  readonly add: (endpoint: Partial<WebhookEndpoint> & { readonly url: string }) => Promise<WebhookEndpoint>;
  /** As the projector does it. */
  readonly publish: (...events: readonly RunEvent[]) => Promise<void>;
  readonly attempts: (endpoint: WebhookEndpoint) => Promise<readonly WebhookAttempt[]>;
  readonly start: (env?: Readonly<Record<string, string>>) => Promise<StartedService>;
  /** Ends the notifier that was started first of those that run. */
  readonly stopFirst: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Allows loopback, tries again soon. */
const ENV = {
  MILLRACE_NOTIFIER_ALLOW_PRIVATE: '127.0.0.0/8',
  MILLRACE_NOTIFIER_TIMEOUT: '700ms',
  MILLRACE_NOTIFIER_SCHEDULE: '50ms,100ms,200ms',
  MILLRACE_MASTER_KEY: MASTER_KEY,
};

const addEndpoint = async (
  connection: LogConnection,
  endpoints: WebhookEndpoints,
  given: Partial<WebhookEndpoint> & { readonly url: string },
): Promise<WebhookEndpoint> => {
  const key = parseKeyRing(MASTER_KEY, 'test').current;
  if (key === undefined) throw new Error('no key');
  const id = `wh_${randomBytes(6).toString('hex')}`;
  const createdAt = new Date().toISOString();
  const endpoint: WebhookEndpoint = {
    id,
    description: '',
    events: ['run.*', 'workflow.*', 'token.*'],
    format: 'millrace',
    secret: sealValue(key, webhookSecretPlace(id), SECRET, createdAt),
    createdAt,
    enabled: true,
    start: await webhookStartNow(connection),
    ...given,
  };
  await endpoints.put(endpoint);
  return endpoint;
};

export const makeBed = async ({ natsUrl = claimNats().url } = {}): Promise<NotifierBed> => {
  const connection = await connectLog({ url: natsUrl, name: 'test' });
  await ensureTopology(connection, { logMaxBytes: 256 * 1024 * 1024 });
  const [catalog, tokens, endpoints] = [
    openCatalog(connection),
    openTokens(connection),
    openWebhookEndpoints(connection),
  ];
  await Promise.all([catalog.ready, tokens.ready, endpoints.ready]);
  const deliveries = openWebhookDeliveries(connection);
  const publisher = makePublicEventPublisher(connection);
  const services: StartedService[] = [];
  let sequence = 0;
  return {
    connection,
    catalog,
    tokens,
    endpoints,
    deliveries,
    add: async (given) => addEndpoint(connection, endpoints, given),
    publish: async (...events) => {
      await publisher.lastPosition();
      await publisher.publish(
        events.map((event) => {
          sequence += 1;
          return { position: { sequence, index: 0 }, event };
        }),
      );
    },
    attempts: ({ id }) => deliveries.attempts(id),
    start: async (env = {}) => {
      const service = await startService(MAIN, { env: { NATS_URL: natsUrl, ...ENV, ...env } });
      services.push(service);
      return service;
    },
    stopFirst: async () => {
      await services.find(({ isAlive }) => isAlive())?.stop();
    },
    close: async () => {
      await Promise.all(services.map(async (service) => service.kill()));
      await Promise.all([catalog.close(), tokens.close(), endpoints.close()]);
      await connection.close();
    },
  };
};

/** A catalog entry in service. */
export const anEntry = (path: string, version: string): CatalogEntry => ({
  workspace: 'default',
  path,
  current: {
    version,
    kind: 'script',
    file: 'example.sh',
    description: 'an example',
    methods: ['POST'],
    policy: { timeoutMs: 60_000, retries: { failed: 0, lost: 0 } },
    deployedAt: '2026-01-02T03:04:05.678Z',
    deployedFrom: 'example.sh',
  },
});
