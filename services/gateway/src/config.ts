import { hostname } from 'node:os';
import { type Static, Type } from 'typebox';
import { type Environment, loadConfig } from '@millrace/runtime';
import { DEFAULT_SHARD } from '@millrace/contracts';

const ConfigSchema = Type.Object({
  NATS_URL: Type.String({ default: 'nats://127.0.0.1:4222' }),
  DATABASE_URL: Type.String(),
  MILLRACE_SHARD: Type.Integer({ minimum: 0, maximum: 999, default: DEFAULT_SHARD }),
  MILLRACE_PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 8080, description: '0 takes any free port' }),
  MILLRACE_BIND: Type.String({ default: '127.0.0.1' }),
  MILLRACE_ADMIN_PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 0 }),
  MILLRACE_ALLOWED_HOSTS: Type.String({
    default: '',
    description: 'further names of this server, separated by commas',
  }),
  MILLRACE_DURABILITY: Type.Union([Type.Literal('strict'), Type.Literal('relaxed')], { default: 'strict' }),
  MILLRACE_MAX_CONCURRENT_RUNS: Type.Integer({ minimum: 1, default: 4 }),
  MILLRACE_ON_LIMIT: Type.Union([Type.Literal('queue'), Type.Literal('reject')], { default: 'queue' }),
  MILLRACE_TOKEN: Type.Optional(Type.String({ minLength: 1, description: 'a token of any text with scope admin' })),
});
export type Config = Readonly<Static<typeof ConfigSchema>>;

/** What the gateway is told, besides its connections. */
export interface GatewaySettings {
  readonly shard: number;
  readonly durability: Config['MILLRACE_DURABILITY'];
  /** The limit that a rejected caller is told. */
  readonly runsMax: number;
  readonly onLimit: Config['MILLRACE_ON_LIMIT'];
  /** Names under which this server may be called, besides addresses and `localhost`. */
  readonly hostNames: readonly string[];
  readonly version: string;
}

/** @throws AppError `invalid` `config.invalid` listing every bad variable at once. */
export const loadGatewayConfig = (env: Environment): Config => loadConfig(ConfigSchema, env);

export const settingsOf = (config: Config): GatewaySettings => ({
  shard: config.MILLRACE_SHARD,
  durability: config.MILLRACE_DURABILITY,
  runsMax: config.MILLRACE_MAX_CONCURRENT_RUNS,
  onLimit: config.MILLRACE_ON_LIMIT,
  hostNames: [
    hostname(),
    ...config.MILLRACE_ALLOWED_HOSTS.split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  ],
  version: '0.1.0',
});
