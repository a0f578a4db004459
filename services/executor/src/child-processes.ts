import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Ids, type Logger, systemClock } from '@millrace/runtime';
import { type Config } from './config.ts';
import { startReaper } from './scripts/reaper.ts';
import { makeScriptPool, type ScriptPool } from './scripts/script-pool.ts';
import { type Processes } from './session.ts';
import { type HostPool, makeHostPool } from './workflows/host-pool.ts';

export interface ChildProcesses extends Processes {
  readonly scripts: ScriptPool;
  readonly workflows: HostPool;
  readonly close: () => Promise<void>;
}

export interface ChildProcessesOptions {
  readonly config: Config;
  /** The executor's folder, absolute. */
  readonly home: string;
  readonly ids: Ids;
  readonly log: Logger;
}

/** Everything that runs foreign code, below one run directory that ends with this process. */
export const startChildProcesses = ({ config, home, ids, log }: ChildProcessesOptions): ChildProcesses => {
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
  const workflows = makeHostPool({
    ...options,
    hosts: config.MILLRACE_WORKFLOW_HOSTS,
    heapMb: config.MILLRACE_WORKFLOW_HEAP_MB,
    monotonic: systemClock.monotonic,
    onText: (text) => log.warn('workflow host wrote', { text }),
  });
  const pools = [scripts, workflows];
  return {
    scripts,
    workflows,
    killAll: () => pools.forEach((pool) => pool.killAll()),
    extendLease: (ms) => pools.forEach((pool) => pool.extendLease(ms)),
    close: async () => {
      await Promise.all(pools.map((pool) => pool.close()));
    },
  };
};
