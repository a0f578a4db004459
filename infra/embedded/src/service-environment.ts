import { join } from 'node:path';
import { type ServerConfig } from '@millrace/runtime';
import { type MasterKeyEnvironment } from './master-key.ts';
import { type ServiceName } from './start-service.ts';

export interface Addresses {
  /** With the user of one service. */
  readonly natsUrlFor: (service: ServiceName) => string;
  readonly databaseUrl: string;
  /** 0: any free one. */
  readonly port: number;
  /** For services that open secrets; the others do not get it. */
  readonly masterKey?: MasterKeyEnvironment;
}

/** What one start of a service is told. */
export interface ServiceAddresses extends Omit<Addresses, 'natsUrlFor'> {
  readonly natsUrl: string;
  /** 0: any free one. */
  readonly adminPort: number;
}

type Environment = Record<string, string | undefined>;

/** Changes what one start of a service is told; tests of faults put a proxy, another clock or less memory in between. */
export type AdaptEnvironment = (name: ServiceName, env: Environment) => Environment | Promise<Environment>;

/** Left out: what belongs to npm and to our own start, the token, which no service needs, and the master key, which few do. */
const WITHHELD =
  /^(npm_|MILLRACE_TOKEN$|MILLRACE_MASTER_KEY(_FILE)?$|MILLRACE_CONFIG$|MILLRACE_BOOTSTRAPPED$|NODE_CHANNEL_|INIT_CWD$)/i;

const inherited = (env: Environment): Environment =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !WITHHELD.test(name)));

const listed = (names: readonly string[]): string | undefined => (names.length === 0 ? undefined : names.join(','));

/** Of a first port that is configured each takes the one of its place. */
const ADMIN_PORT_ORDER: readonly ServiceName[] = ['gateway', 'scheduler', 'executor', 'projector', 'notifier'];

/** 0: any free one. */
export const adminPortOf = (name: ServiceName, first: number): number =>
  first === 0 ? 0 : first + ADMIN_PORT_ORDER.indexOf(name);

/** Enough for what each shard may run: an executor divides its slots evenly, whichever shards get one more of the limit. */
const slotsFor = ({ maxConcurrentRuns, shards }: ServerConfig['server']): number =>
  shards * Math.ceil(maxConcurrentRuns / shards);

/** What every service is told; each reads its own part. */
export const serviceEnvironment = (
  config: ServerConfig,
  addresses: ServiceAddresses,
  env: Environment,
): Environment => {
  const { server, executor, notifier, log, telemetry } = config;
  return {
    NODE_COMPILE_CACHE: join(server.dataDir, 'cache', 'compile'),
    ...inherited(env),
    NATS_URL: addresses.natsUrl,
    DATABASE_URL: addresses.databaseUrl,
    MILLRACE_DATABASE_URL: addresses.databaseUrl, // under a name that `executor.script_env` may grant to scripts
    MILLRACE_SUPERVISED: '1',
    MILLRACE_DATA_DIR: server.dataDir,
    MILLRACE_SHARDS: String(server.shards),
    MILLRACE_ADMIN_PORT: String(addresses.adminPort),
    MILLRACE_PORT: String(addresses.port),
    MILLRACE_BIND: server.bind,
    MILLRACE_ALLOWED_HOSTS: listed(server.allowedHosts),
    MILLRACE_PUBLIC_URL: server.publicUrl,
    MILLRACE_TRUSTED_PROXIES: listed(server.trustedProxies),
    MILLRACE_QUERY_TOKENS: server.queryTokens,
    MILLRACE_DIALECTS: JSON.stringify(config.dialects),
    MILLRACE_MAX_CONCURRENT_RUNS: String(server.maxConcurrentRuns),
    MILLRACE_ON_LIMIT: server.onLimit,
    MILLRACE_QUEUE_LIMIT: String(server.queueLimit),
    MILLRACE_DURABILITY: server.durability,
    MILLRACE_SLOTS: String(executor.slots ?? slotsFor(server)),
    MILLRACE_POOLS: listed(executor.pools),
    MILLRACE_SCRIPT_ENV: listed(executor.scriptEnv),
    MILLRACE_NOTIFIER_ALLOW_PRIVATE: listed(notifier.allowPrivate),
    MILLRACE_NOTIFIER_PORTS: listed(notifier.ports),
    MILLRACE_NOTIFIER_TIMEOUT: `${notifier.timeout}ms`,
    MILLRACE_NOTIFIER_SCHEDULE: listed(notifier.schedule),
    ...addresses.masterKey,
    MILLRACE_LOG_LEVEL: log.level,
    MILLRACE_LOG_RUNS: log.runs,
    OTEL_EXPORTER_OTLP_ENDPOINT: telemetry.otlpEndpoint,
  };
};
