import { type FastifyInstance, type InjectOptions, type LightMyRequestResponse } from 'fastify';
import { DEFAULT_WORKSPACE, logSubject, SINGLE_RING, type WorkflowVersion } from '@millrace/contracts';
import { parseOutboundPolicy } from '@millrace/domain';
import {
  type Catalog,
  connectLog,
  ensureTopology,
  type EventWriter,
  type LogConnection,
  makeEventWriter,
  openCatalog,
  openSecrets,
  openTokens,
  openTriggerStates,
  openVersions,
  type TokenStore,
} from '@millrace/eventlog';
import { openReadModel } from '@millrace/read-model';
import { openSecretValues, parseKeyRing, type SecretValues } from '@millrace/secrets';
import {
  makeIds,
  makeLogger,
  makeMetrics,
  type Metrics,
  sha256Hex,
  startTelemetry,
  systemClock,
} from '@millrace/runtime';
import { buildGateway, type RegisteredRoute, type SideListener } from '../src/app.ts';
import { type GatewaySettings } from '../src/config.ts';
import { type ServerLimits } from '../src/server-limits.ts';

/** Tokens of a test gateway, by what they may. */
export const TOKENS = {
  admin: 'admin-token',
  read: 'read-token',
  run: 'run-token',
  limited: 'limited-token',
  webhook: 'webhook-token',
  expired: 'expired-token',
} as const;
export type TokenName = keyof typeof TOKENS;

const SCOPES: Readonly<Record<TokenName, readonly string[]>> = {
  admin: ['admin'],
  read: ['read'],
  run: ['run'],
  limited: ['run:tests/mine'],
  webhook: ['jobs:run:scripts:tests/mine'],
  expired: ['admin'],
};

export interface TestGateway {
  readonly app: FastifyInstance;
  readonly routes: readonly RegisteredRoute[];
  readonly listeners: readonly SideListener[];
  readonly gatewayId: string;
  readonly connection: LogConnection;
  readonly catalog: Catalog;
  readonly secretValues: SecretValues;
  /** Appends to the log as an executor or a scheduler would. */
  readonly writer: EventWriter;
  /** Calls with a token (admin by default) and the client header. */
  readonly call: (options: InjectOptions & { readonly as?: TokenName }) => Promise<LightMyRequestResponse>;
  readonly deploy: (path: string, overrides?: Partial<WorkflowVersion>) => Promise<void>;
  /** Open event streams, as the metrics count them. */
  readonly liveReaders: () => Promise<number>;
  /** Callers that wait for an outcome. */
  readonly waiters: () => Promise<number>;
  readonly close: () => Promise<void>;
}

export interface TestGatewayOptions {
  readonly natsUrl: string;
  readonly databaseUrl: string;
  readonly settings?: Partial<GatewaySettings>;
  readonly limits?: Partial<ServerLimits>;
  /** Base64; empty: none. One of its own by default. */
  readonly masterKey?: string;
}

/** Headers of a caller that does everything right. */
export const headersOf = (name: TokenName): Readonly<Record<string, string>> => ({
  authorization: `Bearer ${TOKENS[name]}`,
  'x-workflow-client': 'test',
});

const aVersion = (overrides: Partial<WorkflowVersion> = {}): WorkflowVersion => ({
  version: sha256Hex(JSON.stringify(overrides)),
  kind: 'script',
  file: 'example.sh',
  description: 'an example',
  methods: ['POST'],
  policy: { timeoutMs: 60_000, onLimit: 'queue', retries: { failed: 0, lost: 0 } },
  deployedAt: '2026-01-02T03:04:05.678Z',
  deployedFrom: 'example.sh',
  ...overrides,
});

const writerOptions = { shard: 0, inFlightMax: 4, timeoutMs: 2_000, retry: 'never' } as const;

const SETTINGS: GatewaySettings = {
  durability: 'strict',
  runsMax: 4,
  onLimit: 'queue',
  queueLimit: 1_000_000,
  hostNames: ['gateway.test'],
  version: '0.0.0',
  dialects: {},
  trustedProxies: [],
  queryTokens: 'limited',
  outbound: parseOutboundPolicy([], ['127.0.0.0/8']),
  publicUrl: undefined,
};

const putTokens = async (tokens: TokenStore): Promise<void> => {
  for (const [name, text] of Object.entries(TOKENS)) {
    const expiry = name === 'expired' ? { expiresAt: '2026-01-01T00:00:00.000Z' } : {};
    const createdAt = '2025-01-01T00:00:00.000Z';
    const scopes = [...SCOPES[name as TokenName]];
    await tokens.put({ id: name, sha256: sha256Hex(text), label: name, scopes, createdAt, ...expiry });
  }
};

const openWorld = async ({ natsUrl, databaseUrl, masterKey }: TestGatewayOptions) => {
  const connection = await connectLog({ url: natsUrl, name: 'test gateway' });
  await ensureTopology(connection);
  const catalog = openCatalog(connection);
  const tokens = openTokens(connection);
  const versions = openVersions(connection);
  const secrets = openSecrets(connection);
  const keyRing = parseKeyRing(masterKey ?? Buffer.alloc(32, 7).toString('base64'), 'test');
  const log = makeLogger({ service: 'gateway', level: 'silent' });
  const triggerStates = openTriggerStates(connection);
  const secretValues = openSecretValues(connection, { ring: keyRing, log, store: secrets });
  await Promise.all([catalog.ready, tokens.ready, versions.ready, secrets.ready, triggerStates.ready]);
  await putTokens(tokens);
  return {
    connection,
    catalog,
    tokens,
    versions,
    secrets,
    triggerStates,
    secretValues,
    keyRing,
    readModel: openReadModel({ url: databaseUrl, poolMax: 4, applicationName: 'test gateway', access: 'read' }),
    writer: makeEventWriter(connection, { ...writerOptions, subject: logSubject.commit(0) }),
    log,
    clock: systemClock,
    telemetry: await startTelemetry({ service: 'gateway', env: {} }),
    metrics: makeMetrics('gateway'),
  };
};

const gaugeOf = async (metrics: Metrics, name: string): Promise<number> =>
  Number(new RegExp(`^${name}\\{.*\\} (\\d+)$`, 'm').exec(await metrics.text())?.[1]);

/** A gateway on a real NATS account and a real database, not listening. */
export const startTestGateway = async (options: TestGatewayOptions): Promise<TestGateway> => {
  const ids = makeIds();
  const gatewayId = `gw_${ids.shortId()}`;
  const world = await openWorld(options);
  const { connection, catalog, tokens, secrets, secretValues, readModel, writer } = world;
  const { app, routes, listeners } = await buildGateway(
    { ...world, ids, gatewayId, ring: SINGLE_RING, settings: { ...SETTINGS, ...options.settings } },
    options.limits,
  );
  await app.ready();
  return {
    app,
    routes,
    listeners,
    gatewayId,
    connection,
    catalog,
    secretValues,
    writer,
    deploy: (path, overrides) => catalog.put({ workspace: DEFAULT_WORKSPACE, path, current: aVersion(overrides) }),
    call: ({ as = 'admin', headers = {}, ...rest }) =>
      app.inject({ ...rest, headers: { ...headersOf(as), ...headers } }),
    liveReaders: () => gaugeOf(world.metrics, 'millrace_sse_clients'),
    waiters: () => gaugeOf(world.metrics, 'millrace_waiters'),
    close: async () => {
      await app.close();
      await writer.close();
      await Promise.all([
        catalog.close(),
        tokens.close(),
        world.versions.close(),
        secrets.close(),
        world.triggerStates.close(),
      ]);
      await connection.close();
      await readModel.close();
    },
  };
};
