import { DEFAULT_POOL, EXECUTOR_POOLS_MAX, POOL_PATTERN, SHARDS_MAX } from '@millrace/contracts';
import { loadConfig, type Environment } from '@millrace/runtime';
import { type Static, Type } from 'typebox';
import { SAFE_PATH } from './child-environment.ts';

const POOL_NAME = POOL_PATTERN.slice(1, -1);
const POOL_NAMES = `^${POOL_NAME}(,${POOL_NAME}){0,${EXECUTOR_POOLS_MAX - 1}}$`;

const ConfigSchema = Type.Object({
  /** `nats://user:password@host:port` */
  NATS_URL: Type.String({ default: 'nats://127.0.0.1:4222' }),
  /** Bundles and run directories are kept in `executor/` below it. */
  MILLRACE_DATA_DIR: Type.String({ default: '.millrace' }),
  /** Logs over which the workflows are spread; its slots are divided among them. */
  MILLRACE_SHARDS: Type.Integer({ minimum: 1, maximum: SHARDS_MAX, default: 1 }),
  /** Where Node keeps compiled code, that of child processes included; `executor/compile-cache` below the data by default. */
  NODE_COMPILE_CACHE: Type.String({ default: '' }),
  /** 0 takes any free port. */
  MILLRACE_ADMIN_PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 0 }),
  /** Runs that this executor holds at the same time. */
  MILLRACE_SLOTS: Type.Integer({ minimum: 1, maximum: 100_000, default: 64 }),
  /** Names, separated by commas, of the pools whose runs it takes. */
  MILLRACE_POOLS: Type.String({ pattern: POOL_NAMES, default: DEFAULT_POOL }),
  /** Small processes that start scripts. */
  MILLRACE_SPAWNERS: Type.Integer({ minimum: 1, maximum: 64, default: 2 }),
  /** Warm processes that run TypeScript workflows. */
  MILLRACE_WORKFLOW_HOSTS: Type.Integer({ minimum: 1, maximum: 64, default: 2 }),
  /** Heap of each of them. */
  MILLRACE_WORKFLOW_HEAP_MB: Type.Integer({ minimum: 32, default: 256 }),
  /** From SIGTERM or abort to SIGKILL. */
  MILLRACE_KILL_GRACE_MS: Type.Integer({ minimum: 0, maximum: 600_000, default: 5_000 }),
  /** How long running attempts may go on when the executor is asked to end. */
  MILLRACE_DRAIN_GRACE_MS: Type.Integer({ minimum: 0, maximum: 600_000, default: 7_000 }),
  MILLRACE_HEARTBEAT_MS: Type.Integer({ minimum: 10, maximum: 5_000, default: 1_000 }),
  /** Names, separated by commas, of variables of this process that every script receives. */
  MILLRACE_SCRIPT_ENV: Type.String({ default: '' }),
  /** PATH of every script. */
  MILLRACE_SCRIPT_PATH: Type.String({ default: SAFE_PATH }),
});
export type Config = Readonly<Static<typeof ConfigSchema>>;

/** What it can be given. */
export const capacityOf = ({ MILLRACE_SLOTS: slots, MILLRACE_POOLS: pools }: Config) => ({
  slots,
  pools: pools.split(','),
});

/** @throws AppError `invalid` that names every bad variable at once. */
export const readConfig = (env: Environment): Config => loadConfig(ConfigSchema, env);
