import { hostname } from 'node:os';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { AppError } from '@millrace/kernel';
import { ALL_DIALECTS, environmentSettings, parseJson } from '@millrace/dialects';
import { type Network, type OutboundPolicy, parseNetwork, parseOutboundPolicy } from '@millrace/domain';
import { type Environment, loadConfig } from '@millrace/runtime';
import { SHARDS_MAX } from '@millrace/contracts';

const ConfigSchema = Type.Object({
  NATS_URL: Type.String({ default: 'nats://127.0.0.1:4222' }),
  DATABASE_URL: Type.String(),
  MILLRACE_SHARDS: Type.Integer({ minimum: 1, maximum: SHARDS_MAX, default: 1 }),
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
  MILLRACE_QUEUE_LIMIT: Type.Integer({ minimum: 1, default: 1_000_000 }),
  MILLRACE_DIALECTS: Type.String({ default: '{}', description: 'settings of dialects by their names, as JSON' }),
  MILLRACE_TRUSTED_PROXIES: Type.String({
    default: '',
    description: 'networks of proxies whose X-Forwarded-For is believed, separated by commas',
  }),
  MILLRACE_QUERY_TOKENS: Type.Union([Type.Literal('limited'), Type.Literal('any')], { default: 'limited' }),
  MILLRACE_NOTIFIER_ALLOW_PRIVATE: Type.String({ default: '' }),
  MILLRACE_NOTIFIER_PORTS: Type.String({ default: '' }),
  MILLRACE_PUBLIC_URL: Type.Optional(Type.String({ pattern: '^https?://[^/]+$' })),
  MILLRACE_TOKEN: Type.Optional(Type.String({ minLength: 1, description: 'a token of any text with scope admin' })),
});
export type Config = Readonly<Static<typeof ConfigSchema>>;

/** What the gateway is told, besides its connections. */
export interface GatewaySettings {
  readonly durability: Config['MILLRACE_DURABILITY'];
  /** The limit that a rejected caller is told. */
  readonly runsMax: number;
  readonly onLimit: Config['MILLRACE_ON_LIMIT'];
  /** Runs that may wait on the server; further requests are answered 429. */
  readonly queueLimit: number;
  /** Names under which this server may be called, besides addresses and `localhost`. */
  readonly hostNames: readonly string[];
  readonly version: string;
  /** What was configured for each dialect, by its name. */
  readonly dialects: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Networks whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly Network[];
  /** Which tokens may stand in a query: those that are limited to certain workflows, or any. */
  readonly queryTokens: Config['MILLRACE_QUERY_TOKENS'];
  /** Where webhooks may go; the notifier has the last word. */
  readonly outbound: OutboundPolicy;
  /** Origin under which senders know this server. */
  readonly publicUrl: string | undefined;
}

/** @throws AppError `invalid` `config.invalid` listing every bad variable at once. */
export const loadGatewayConfig = (env: Environment): Config => loadConfig(ConfigSchema, env);

const listOf = (text: string): readonly string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

type DialectSettings = GatewaySettings['dialects'];
const DialectSettingsSchema = Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown()));

/** @throws AppError `invalid` `config.invalid`. */
const configuredSettings = (text: string): DialectSettings => {
  const value = parseJson(text);
  if (Value.Check(DialectSettingsSchema, value)) return value;
  throw new AppError('invalid', 'config.invalid', 'MILLRACE_DIALECTS must be a JSON object of objects');
};

/** Of each dialect: what was configured, and over it what variables say under the names of its system. */
const dialectSettings = (text: string, env: Environment): DialectSettings => {
  const configured = configuredSettings(text);
  const said = ALL_DIALECTS.map((module) => [module.name, environmentSettings(module, env)] as const);
  return Object.fromEntries(said.map(([name, settings]) => [name, { ...configured[name], ...settings }]));
};

/** @param env for settings of dialects that have a variable of their own */
export const settingsOf = (config: Config, env: Environment): GatewaySettings => ({
  durability: config.MILLRACE_DURABILITY,
  runsMax: config.MILLRACE_MAX_CONCURRENT_RUNS,
  onLimit: config.MILLRACE_ON_LIMIT,
  queueLimit: config.MILLRACE_QUEUE_LIMIT,
  hostNames: [hostname(), ...listOf(config.MILLRACE_ALLOWED_HOSTS)],
  version: '0.1.0',
  dialects: dialectSettings(config.MILLRACE_DIALECTS, env),
  trustedProxies: listOf(config.MILLRACE_TRUSTED_PROXIES).map(parseNetwork),
  queryTokens: config.MILLRACE_QUERY_TOKENS,
  outbound: parseOutboundPolicy(listOf(config.MILLRACE_NOTIFIER_PORTS), listOf(config.MILLRACE_NOTIFIER_ALLOW_PRIVATE)),
  publicUrl: config.MILLRACE_PUBLIC_URL,
});
