import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { shardsUpTo } from '@millrace/contracts';
import { invariant } from '@millrace/kernel';
import { type Ids, type Logger, systemClock } from '@millrace/runtime';
import { type Config } from './config.ts';
import { startReaper } from './scripts/reaper.ts';
import { makeScriptPool, type ScriptPool } from './scripts/script-pool.ts';
import { type Processes } from './session.ts';
import { type HostPool, makeHostPool } from './workflows/host-pool.ts';

/** What the attempts of one session run in. */
export interface SessionProcesses extends Processes {
  readonly scripts: Pick<ScriptPool, 'start'>;
  readonly workflows: HostPool;
}

export interface ChildProcesses {
  /**
   * Those of the session of a shard. Spawners serve all sessions and know whose script is whose; a workflow host serves one, because it
   * can only be killed whole.
   */
  readonly of: (shard: number) => SessionProcesses;
  readonly close: () => Promise<void>;
}

export interface ChildProcessesOptions {
  readonly config: Config;
  readonly shards: number;
  /** The executor's folder, absolute. */
  readonly home: string;
  readonly ids: Ids;
  readonly log: Logger;
}

/** Everything that runs foreign code, below one run directory that ends with this process. */
export const startChildProcesses = ({ config, shards, home, ids, log }: ChildProcessesOptions): ChildProcesses => {
  const directory = join(home, 'runs', ids.shortId());
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  startReaper(directory);
  const options = {
    directory,
    // Shared with the executor where it has one: a spawner that finds itself compiled stays a third smaller.
    compileCache: config.NODE_COMPILE_CACHE || join(home, 'compile-cache'),
    graceMs: config.MILLRACE_KILL_GRACE_MS,
  };
  const scripts = makeScriptPool({ ...options, spawners: config.MILLRACE_SPAWNERS });
  const hostPools = shardsUpTo(shards).map((shard) =>
    makeHostPool({
      ...options,
      directory: shards === 1 ? directory : join(directory, `shard-${shard}`),
      hosts: Math.ceil(config.MILLRACE_WORKFLOW_HOSTS / shards),
      heapMb: config.MILLRACE_WORKFLOW_HEAP_MB,
      monotonic: systemClock.monotonic,
      onText: (text) => log.warn('workflow host wrote', { text }),
    }),
  );
  return {
    of: (shard) => {
      const workflows = hostPools[shard];
      invariant(workflows, 'each shard has its hosts');
      const owner = shards === 1 ? undefined : shard;
      return {
        scripts: {
          start: (request, isolated, listener) => scripts.start({ ...request, owner }, isolated, listener),
        },
        workflows,
        killAll: () => {
          scripts.killOf(owner);
          workflows.killAll();
        },
        extendLease: (ms) => {
          scripts.extendLease(ms, owner);
          workflows.extendLease(ms);
        },
      };
    },
    close: async () => {
      await Promise.all([scripts, ...hostPools].map((pool) => pool.close()));
    },
  };
};
