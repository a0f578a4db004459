import { DEFAULT_POOL, type HeldAttempt } from '@millrace/contracts';
import { type Milliseconds, SECOND } from '@millrace/kernel';
import { type Run } from './run-table.ts';

/** A run that takes a slot, from the moment it is assigned until the log says that this attempt is over. */
export interface Holding {
  readonly run: Run;
  readonly executor: ExecutorRecord;
  /** The dispatch was read back from the log; until then nothing may be said about the attempt. */
  isRecorded: boolean;
  isCancelRequested: boolean;
  /** It shall make room, or was asked to end: others of its key need not. */
  isLeaving: boolean;
  /** Heartbeats in a row that did not name the attempt. */
  misses: number;
  /** Why the attempt shall be given up, once that is decided. */
  lostReason: string | undefined;
}

/** One session of an executor. */
export interface ExecutorRecord {
  readonly id: string;
  slots: number;
  /** Pools whose runs it takes. */
  pools: ReadonlySet<string>;
  isDraining: boolean;
  /** It has not named an attempt that it was given a while ago: what it is given does not seem to arrive. */
  isDeaf: boolean;
  /** Monotonic time of its last heartbeat, in milliseconds; `undefined`: it is known from the log only. */
  heardMs: number | undefined;
  readonly holdings: Map<Run, Holding>;
  /** Attempts that were taken from it while it lives, because it never spoke of them. */
  readonly dropped: HeldAttempt[];
}

/** Of an executor that names none. */
export const DEFAULT_POOLS: ReadonlySet<string> = new Set([DEFAULT_POOL]);

export const makeExecutorRecord = (id: string): ExecutorRecord => ({
  id,
  slots: 0,
  pools: DEFAULT_POOLS,
  isDraining: false,
  isDeaf: false,
  heardMs: undefined,
  holdings: new Map(),
  dropped: [],
});

/**
 * An executor that was not heard for this long gets nothing new: it may be dead, and whatever it got would be lost with it.
 * Three heartbeats, and far below the silence after which it is declared lost.
 */
export const FRESH_MS: Milliseconds = 3 * SECOND;

/** Whether the executor was heard lately. */
export const isFresh = ({ heardMs }: ExecutorRecord, nowMs: number): boolean =>
  heardMs !== undefined && nowMs - heardMs <= FRESH_MS;

/** Whether it can be given anything at all now. */
const takesRuns = (executor: ExecutorRecord, nowMs: number): boolean =>
  !executor.isDraining && !executor.isDeaf && isFresh(executor, nowMs);

/** Of the executors of a pool, the one with the most free slots; `undefined` when there is none. Looks at every executor: they are few, a process each. */
export const freestExecutor = (
  executors: Iterable<ExecutorRecord>,
  pool: string,
  nowMs: number,
): ExecutorRecord | undefined => {
  let freest: ExecutorRecord | undefined;
  let free = 0;
  for (const executor of executors) {
    const its = executor.slots - executor.holdings.size;
    if (its <= free || !executor.pools.has(pool) || !takesRuns(executor, nowMs)) continue;
    freest = executor;
    free = its;
  }
  return freest;
};
