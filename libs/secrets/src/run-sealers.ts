import { type RunKeys } from '@millrace/eventlog';
import { makeRunKey, makeRunSealer, type RunSealer } from './run-sealer.ts';

/** Where the keys of runs are made, found and destroyed. */
export interface RunSealers {
  /** A new key for a run that shall be requested; on disk before anything is sealed with it. */
  readonly create: (runId: string) => Promise<RunSealer>;
  /** `undefined` once the run was deleted. Not kept: the next one asks again. */
  readonly find: (runId: string) => Promise<RunSealer | undefined>;
  /** Deletes what the run got and said, for good. Safe to repeat. */
  readonly destroy: (runId: string) => Promise<void>;
}

export const makeRunSealers = (keys: RunKeys): RunSealers => ({
  create: async (runId) => {
    const key = makeRunKey();
    await keys.put(runId, key);
    return makeRunSealer(runId, key);
  },
  find: async (runId) => {
    const key = await keys.load(runId);
    return key === undefined ? undefined : makeRunSealer(runId, key);
  },
  destroy: async (runId) => {
    await keys.erase(runId);
  },
});
