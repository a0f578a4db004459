import { SHARDS_MAX } from '@millrace/contracts';
import { AppError } from '@millrace/kernel';
import { loadConfig, type Environment } from '@millrace/runtime';
import { type Static, Type } from 'typebox';
import { DELETE_GRACE_MS } from './delete-after-use.ts';
import { SNAPSHOT_INTERVAL_MS } from './snapshot-keeper.ts';

const PORT_MAX = 65_535;

const ConfigSchema = Type.Object({
  /** `nats://user:password@host:port` */
  NATS_URL: Type.String({ default: 'nats://127.0.0.1:4222' }),
  /** Logs over which the workflows are spread. */
  MILLRACE_SHARDS: Type.Integer({ minimum: 1, maximum: SHARDS_MAX, default: 1 }),
  /** Metrics and health; 0 takes any free port. */
  MILLRACE_ADMIN_PORT: Type.Integer({ minimum: 0, maximum: PORT_MAX, default: 0 }),
  /** Runs at the same time, over all workflows and executors. */
  MILLRACE_MAX_CONCURRENT_RUNS: Type.Integer({ minimum: 1, default: 4 }),
  /** How long the result of a run that is deleted after use waits for somebody to take it. */
  MILLRACE_DELETE_GRACE_MS: Type.Integer({ minimum: 100, default: DELETE_GRACE_MS }),
  /** Between two snapshots of what was read of the log, when something changed. */
  MILLRACE_SNAPSHOT_INTERVAL_MS: Type.Integer({ minimum: 100, default: SNAPSHOT_INTERVAL_MS }),
});
export type Config = Readonly<Static<typeof ConfigSchema>>;

/** @throws AppError `invalid` `config.invalid` that names every bad variable at once. */
export const loadSchedulerConfig = (env: Environment): Config => {
  const config = loadConfig(ConfigSchema, env);
  const { MILLRACE_SHARDS: shards, MILLRACE_MAX_CONCURRENT_RUNS: runs } = config;
  if (shards <= runs) return config;
  throw new AppError(
    'invalid',
    'config.invalid',
    `MILLRACE_SHARDS is ${shards}, and MILLRACE_MAX_CONCURRENT_RUNS ${runs}: each shard needs a run of its own at least`,
  );
};
