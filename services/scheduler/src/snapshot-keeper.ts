/**
 * Keeps what the leader has folded, every few seconds when something changed. Taking hold of the state is a matter of microseconds; it is
 * encoded and sent in small pieces between whatever else there is to do.
 */
import { encodeState, freezeState, type SchedulerState } from '@millrace/domain';
import { type Snapshots, type StreamAnchor } from '@millrace/eventlog';
import { type Clock, type Milliseconds, SECOND } from '@millrace/kernel';
import { type Counter, type Logger } from '@millrace/runtime';
import { type LogFold } from './log-fold.ts';
import { type RequestStore } from './request-store.ts';
import { describeLog } from './snapshot-log.ts';

/** Between two snapshots, by default. */
export const SNAPSHOT_INTERVAL_MS: Milliseconds = 5 * SECOND;
/** A snapshot that takes long to store is taken more rarely: the rest of the time is for runs. */
const REST_FACTOR = 10;

export interface SnapshotKeeperDeps {
  readonly snapshots: Snapshots;
  readonly intervalMs: Milliseconds;
  readonly shard: number;
  readonly state: SchedulerState;
  readonly requests: Pick<RequestStore, 'measures'>;
  readonly fold: Pick<LogFold, 'anchor'>;
  /** Where the snapshot was taken that the fold began with. */
  readonly begin: StreamAnchor;
  readonly stored: Counter;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface SnapshotKeeper {
  readonly close: () => void;
}

export const keepSnapshots = (deps: SnapshotKeeperDeps): SnapshotKeeper => {
  const { snapshots, intervalMs, shard, state, requests, fold, begin, stored, clock, log } = deps;
  let storedSequence = begin.sequence;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  const store = async (): Promise<Milliseconds> => {
    const anchor = fold.anchor();
    if (anchor.sequence === storedSequence || anchor.storedAt === undefined) return 0;
    const startMs = clock.monotonic();
    const pieces = encodeState(freezeState(state), describeLog(shard, anchor, requests.measures()));
    await snapshots.put(shard, pieces);
    storedSequence = anchor.sequence;
    stored.inc({});
    return clock.monotonic() - startMs;
  };

  const next = (tookMs: Milliseconds): void => {
    if (isClosed) return;
    timer = setTimeout(run, Math.max(intervalMs, REST_FACTOR * tookMs));
  };
  const run = (): void => {
    store().then(next, (error: unknown) => {
      if (!isClosed) log.warn('could not store a snapshot', { err: error });
      next(0);
    });
  };
  next(0);

  return {
    close: () => {
      isClosed = true;
      clearTimeout(timer);
    },
  };
};
