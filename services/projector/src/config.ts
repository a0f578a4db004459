import { SHARDS_MAX } from '@millrace/contracts';
import { loadConfig, type Environment } from '@millrace/runtime';
import { type Static, Type } from 'typebox';

const ConfigSchema = Type.Object({
  /** `nats://user:password@host:port` */
  NATS_URL: Type.String({ default: 'nats://127.0.0.1:4222' }),
  /** `postgres://user:password@host:port/database` */
  DATABASE_URL: Type.String(),
  /** Logs over which the workflows are spread. */
  MILLRACE_SHARDS: Type.Integer({ minimum: 1, maximum: SHARDS_MAX, default: 1 }),
  /** 0 takes any free port. */
  MILLRACE_ADMIN_PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 0 }),
  /** Runs whose end is a line in the log. */
  MILLRACE_LOG_RUNS: Type.Union([Type.Literal('all'), Type.Literal('failed'), Type.Literal('none')], {
    default: 'all',
  }),
});
export type Config = Readonly<Static<typeof ConfigSchema>>;

/** @throws AppError `invalid` that names every bad variable at once. */
export const readConfig = (env: Environment): Config => loadConfig(ConfigSchema, env);
