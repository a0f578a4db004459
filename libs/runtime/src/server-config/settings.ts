import { type TSchema, Type } from 'typebox';
import { DEFAULT_POOL, SHARDS_MAX } from '@millrace/contracts';
import { parseDuration } from '@millrace/kernel';
import { LOG_LEVELS } from '../logger.ts';
import { optionalSetting, setting, settingAs, type Setting } from './setting.ts';
import {
  EnvironmentGrants,
  HttpUrl,
  Names,
  NatsUrl,
  parseBytes,
  Pools,
  Port,
  Positive,
  PostgresUrl,
  Text,
} from './value-schemas.ts';

/** Every key of `millrace.toml`, by section. */
export const SETTINGS = {
  server: {
    port: setting({
      schema: Port,
      default: 8080,
      env: 'MILLRACE_PORT',
      flag: 'port',
      description: 'TCP port of the HTTP interface; 0 takes any free one.',
    }),
    bind: setting({
      schema: Text,
      default: '127.0.0.1',
      env: 'MILLRACE_BIND',
      flag: 'bind',
      description: 'Address to listen on. Anything but loopback exposes the server to the network.',
    }),
    data_dir: setting({
      schema: Text,
      default: '.millrace',
      env: 'MILLRACE_DATA_DIR',
      flag: 'data-dir',
      isPath: true,
      description: 'Folder of everything that is kept: the log, Postgres, `server.json`.',
    }),
    workflows: setting({
      schema: Text,
      default: 'workflows',
      env: 'MILLRACE_WORKFLOWS',
      flag: 'workflows',
      isPath: true,
      description: 'Folder whose files are the workflows; a saved file is deployed at once.',
    }),
    api_key: optionalSetting({
      schema: Type.String({ minLength: 8 }),
      env: 'MILLRACE_TOKEN',
      description: 'A token with all rights, at least 8 characters. Without it one is made on the first start.',
    }),
    max_concurrent_runs: setting({
      schema: Positive,
      default: 4,
      unit: 'runs',
      env: 'MILLRACE_MAX_CONCURRENT_RUNS',
      flag: 'max-concurrent-runs',
      description: 'Runs at the same time on the whole server; never exceeded.',
    }),
    on_limit: setting({
      schema: Type.Enum(['queue', 'reject']),
      default: 'queue',
      env: 'MILLRACE_ON_LIMIT',
      description: 'At the limit, a request waits (`queue`) or is answered 429 (`reject`).',
    }),
    queue_limit: setting({
      schema: Positive,
      default: 1_000_000,
      unit: 'runs',
      env: 'MILLRACE_QUEUE_LIMIT',
      description:
        'Runs that may wait on the whole server; further requests are answered 429. Counted once a second: what arrives meanwhile may go beyond.',
    }),
    shards: setting({
      schema: Type.Integer({ minimum: 1, maximum: SHARDS_MAX }),
      default: 1,
      unit: 'logs',
      env: 'MILLRACE_SHARDS',
      description:
        'Logs over which the workflows are spread, each with a scheduler that leads it; `max_concurrent_runs`, `queue_limit` and `executor.slots` are divided among them. Changed only while no run is open.',
    }),
    durability: setting({
      schema: Type.Enum(['strict', 'relaxed']),
      default: 'strict',
      env: 'MILLRACE_DURABILITY',
      flag: 'durability',
      description:
        '`strict`: an accepted request is on disk before it is answered. `relaxed`: faster, and a power cut may lose the last ones.',
    }),
    public_url: optionalSetting({
      schema: Type.String({ pattern: '^https?://[^/]+$', description: 'an origin such as https://hooks.example.com' }),
      env: 'MILLRACE_PUBLIC_URL',
      description:
        'Origin under which senders know this server, `https://hooks.example.com`: signatures that cover the address are made over it.',
    }),
    trusted_proxies: setting({
      schema: Type.Array(
        Type.String({ pattern: '^[0-9a-fA-F.:]+(/[0-9]{1,3})?$', description: 'a network such as 10.0.0.0/8' }),
      ),
      default: [],
      env: 'MILLRACE_TRUSTED_PROXIES',
      description:
        'Networks of proxies in front of this server, such as `10.0.0.0/8`. Only what they write into `X-Forwarded-For` is believed.',
    }),
    query_tokens: setting({
      schema: Type.Enum(['limited', 'any']),
      default: 'limited',
      env: 'MILLRACE_QUERY_TOKENS',
      description:
        'Tokens that may stand in a query: those that are limited to certain workflows (`limited`), or `any`. Queries end up in logs of proxies.',
    }),
    allowed_hosts: setting({
      schema: Names,
      default: [],
      env: 'MILLRACE_ALLOWED_HOSTS',
      description: 'Names besides loopback and `bind` that a `Host` header may carry.',
    }),
  },
  nats: {
    url: optionalSetting({
      schema: NatsUrl,
      env: 'NATS_URL',
      description: 'NATS server to use, `nats://user:password@host:port`. Without it one is started here.',
    }),
    server_bin: optionalSetting({
      schema: Text,
      env: 'NATS_SERVER_BIN',
      isPath: true,
      description: 'nats-server binary to start. Without it one is found or fetched.',
    }),
    port: setting({
      schema: Port,
      default: 0,
      description: 'Port of the nats-server that is started here; 0: any free one.',
    }),
    log_max_age: settingAs({
      schema: Text,
      default: '7d',
      read: parseDuration,
      unit: '`7d`, `12h`',
      env: 'MILLRACE_LOG_MAX_AGE',
      description: 'How long the log keeps events, and with them idempotency keys.',
    }),
    log_max_bytes: settingAs({
      schema: Text,
      default: '4GiB',
      read: parseBytes,
      unit: '`512MiB`, `10GiB`',
      env: 'MILLRACE_LOG_MAX_BYTES',
      description: 'Size of the log; when it is full, requests are answered 503. Must fit on the disk.',
    }),
    replicas: setting({
      schema: Type.Integer({ minimum: 1, maximum: 5 }),
      default: 1,
      env: 'MILLRACE_NATS_REPLICAS',
      description:
        'Servers that keep a copy of every stream. More than 1 wants a cluster of at least so many behind `url`.',
    }),
  },
  inbox: {
    max_age: settingAs({
      schema: Text,
      default: '7d',
      read: parseDuration,
      unit: '`7d`, `12h`',
      env: 'MILLRACE_INBOX_MAX_AGE',
      description: 'How long [requests](requests.md) are kept that started no run.',
    }),
    max_bytes: settingAs({
      schema: Text,
      default: '64MiB',
      read: parseBytes,
      unit: '`16MiB`, `1GiB`',
      env: 'MILLRACE_INBOX_MAX_BYTES',
      description:
        'Room for them; the oldest go first. No more than a 128th of what a nats-server that is started here may store.',
    }),
  },
  postgres: {
    url: optionalSetting({
      schema: PostgresUrl,
      env: 'DATABASE_URL',
      description:
        'Postgres database to use, `postgres://user:password@host:port/name`. Without it one is started here.',
    }),
    port: setting({
      schema: Port,
      default: 0,
      description: 'Port of the Postgres that is started here; 0: any free one.',
    }),
  },
  executor: {
    slots: optionalSetting({
      schema: Positive,
      unit: 'runs',
      env: 'MILLRACE_SLOTS',
      description:
        'Runs that one executor holds at the same time; as many as `max_concurrent_runs` by default, or the next number that `shards` divides.',
    }),
    pools: setting({
      schema: Pools,
      default: [DEFAULT_POOL],
      env: 'MILLRACE_POOLS',
      description:
        'Pools whose runs the executor takes: a workflow names the one it needs, `default` when it names none.',
    }),
    script_env: setting({
      schema: EnvironmentGrants,
      default: ['MILLRACE_DATABASE_URL@backup/*'],
      env: 'MILLRACE_SCRIPT_ENV',
      description:
        'Variables of the server that scripts see as well: `NAME` for all, `NAME@pattern` for matching workflows. They see no others. `MILLRACE_DATABASE_URL` is the address of the read models.',
    }),
  },
  admin: {
    port: setting({
      schema: Type.Integer({ minimum: 0, maximum: 65_535 - 4 }),
      default: 0,
      env: 'MILLRACE_ADMIN_PORT',
      description:
        'First of five ports on loopback for `/metrics` and health: gateway, scheduler (+1), executor (+2), projector (+3), notifier (+4). 0 takes any free ones, which `server.json` names.',
    }),
  },
  notifier: {
    allow_private: setting({
      schema: Type.Array(Type.String({ pattern: '^[0-9a-fA-F.:]+(/[0-9]{1,3})?$' })),
      default: [],
      env: 'MILLRACE_NOTIFIER_ALLOW_PRIVATE',
      description:
        'Networks to which [webhooks](webhooks.md) may go although they are not public, such as `10.0.0.0/8`.',
    }),
    ports: setting({
      schema: Type.Array(Type.String({ pattern: '^[0-9]{1,5}(-[0-9]{1,5})?$' })),
      default: ['80', '443', '1024-65535'],
      env: 'MILLRACE_NOTIFIER_PORTS',
      description: 'Ports and ranges of ports to which webhooks may go.',
    }),
    timeout: settingAs({
      schema: Text,
      default: '15s',
      read: parseDuration,
      unit: '`15s`',
      env: 'MILLRACE_NOTIFIER_TIMEOUT',
      description: 'Longest time of one attempt to deliver a webhook.',
    }),
    schedule: setting({
      schema: Type.Array(Type.String({ pattern: '^[0-9]+([.][0-9]+)?(ms|s|m|h|d)$' })),
      default: ['5s', '5m', '30m', '2h', '5h', '10h', '10h'],
      env: 'MILLRACE_NOTIFIER_SCHEDULE',
      description: 'Pauses before a webhook is tried for the second time, the third, and so on.',
    }),
  },
  log: {
    level: setting({
      schema: Type.Enum([...LOG_LEVELS]),
      default: 'info',
      env: 'MILLRACE_LOG_LEVEL',
      flag: 'log-level',
      description: 'The least important lines that the services write.',
    }),
    runs: setting({
      schema: Type.Enum(['all', 'failed', 'none']),
      default: 'all',
      env: 'MILLRACE_LOG_RUNS',
      description: 'Runs whose end is a line in the log of the projector: all, those that did not complete, or none.',
    }),
  },
  secrets: {
    master_key_file: optionalSetting({
      schema: Text,
      env: 'MILLRACE_MASTER_KEY_FILE',
      isPath: true,
      description:
        'File with the key that seals [secrets](secrets.md): 32 bytes in base64. Without it `master-key` in the data folder, made on the first start.',
    }),
  },
  telemetry: {
    otlp_endpoint: optionalSetting({
      schema: HttpUrl,
      env: 'OTEL_EXPORTER_OTLP_ENDPOINT',
      description: 'OTLP/HTTP collector for traces, `http://127.0.0.1:4318`. Without it nothing is exported.',
    }),
  },
} as const satisfies Record<string, Record<string, Setting<TSchema, unknown>>>;
