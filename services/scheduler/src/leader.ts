/**
 * One term of leadership: from a lease that was read back in the log to the moment when another one takes it.
 *
 * I1 nothing is decided before everything that was written under an earlier lease was read.
 * I2 whoever is not sure to lead answers neither executors nor those who would lead.
 */
import { type LeaderAnswer, logSubject, messagingSubject, type Ring, writtenShard } from '@millrace/contracts';
import { beginLeading, expire, type SchedulerState } from '@millrace/domain';
import {
  type FencedWriter,
  type Lease,
  type Listening,
  logBounds,
  type LogConnection,
  makeFencedWriter,
  logFill,
  openRunKeys,
  openSnapshots,
  readLastCommit,
  respond,
  type StreamAnchor,
} from '@millrace/eventlog';
import { AppError, type Clock, failpoint, type Milliseconds } from '@millrace/kernel';
import { type Logger, type Telemetry } from '@millrace/runtime';
import { AdmissionLoop } from './admission-loop.ts';
import { answerWhy } from './answer-why.ts';
import { deleteAfterUse } from './delete-after-use.ts';
import { answerHeartbeats, hintCancel } from './executors.ts';
import { makeLeaseWatch } from './lease-watch.ts';
import { type LogFold } from './log-fold.ts';
import { type LogRoom, neededBytes, RUN_EVENTS_BYTES } from './log-room.ts';
import { Outbox } from './outbox.ts';
import { makeReply } from './replies.ts';
import { makeRequestSource } from './request-source.ts';
import { type RequestStore } from './request-store.ts';
import { Clockwork } from './schedules/clockwork.ts';
import { type SchedulerMetrics } from './scheduler-metrics.ts';
import { keepSnapshots } from './snapshot-keeper.ts';

const TICK_MS: Milliseconds = 500;
/** How often the log is asked how full it is. */
const FILL_INTERVAL_MS: Milliseconds = 1_000;

export interface LeaderDeps {
  readonly connection: LogConnection;
  readonly shard: number;
  readonly ring: Ring;
  readonly state: SchedulerState;
  readonly requests: RequestStore;
  readonly fold: LogFold;
  /** Where the snapshot was taken that the fold began with. */
  readonly begin: StreamAnchor;
  readonly room: LogRoom;
  readonly telemetry: Telemetry;
  readonly metrics: SchedulerMetrics;
  /** How long the result of a run that is deleted after use waits for somebody to take it. */
  readonly deleteGraceMs: Milliseconds;
  /** Between two snapshots. */
  readonly snapshotIntervalMs: Milliseconds;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** The term is over and the state is of no use any more: `conflict` `lease.lost`, or a defect. */
  readonly onDeposed: (error: unknown) => void;
}

export interface Leader {
  readonly leaseSequence: () => number;
  readonly isTrusted: () => boolean;
  readonly close: () => void;
}

const watchLease = (deps: LeaderDeps, writer: FencedWriter) => {
  const { connection, shard, clock, onDeposed } = deps;
  return makeLeaseWatch({
    ownSequence: () => writer.lease().sequence,
    readLastSequence: async () => (await readLastCommit(connection, shard, logSubject.lease(shard)))?.sequence,
    onLost: () => onDeposed(new AppError('conflict', 'lease.lost', 'another leader took the lease')),
    nowMs: clock.monotonic(),
  });
};

const makeLoop = (deps: LeaderDeps, writer: FencedWriter) => {
  const { connection, log, onDeposed } = deps;
  const outbox = new Outbox({
    writer,
    onRefused: onDeposed,
    onDelayed: (error) => log.warn('the log takes nothing for now', { err: error }),
  });
  const withRequest = makeRequestSource({ ...deps, onDefect: onDeposed, onLate: () => outbox.flush() });
  const source = `/millrace/scheduler/${writer.lease().holder}`;
  const loop = new AdmissionLoop({ ...deps, source, outbox, withRequest, reply: makeReply(connection) });
  return { outbox, loop, pump: () => loop.pump() };
};

const openRunsOf = ({ waiting, holdings, sleepers }: SchedulerState): number => waiting + holdings.size + sleepers.size;

const watchFill = ({ connection, shard, room }: LeaderDeps): NodeJS.Timeout => {
  const ask = (): void => {
    logFill(connection, shard).then(room.onFill, () => undefined); // away: what is read is counted meanwhile
  };
  ask();
  return setInterval(ask, FILL_INTERVAL_MS);
};

/** The keys of runs of the shard: whether others are open is not known here. */
const keysOf = ({ connection, shard, ring }: LeaderDeps) => {
  const keys = openRunKeys(connection);
  const isOurs = (runId: string): boolean => writtenShard(runId, ring.shards) === shard;
  return { erase: keys.erase, list: async () => (await keys.list()).filter(isOurs) };
};

const startDeleting = (deps: LeaderDeps): (() => void) => {
  const { connection, shard, state, fold } = deps;
  return deleteAfterUse({
    ...deps,
    keys: keysOf(deps),
    caughtUp: async () => fold.reached((await logBounds(connection, shard)).last),
    isOpen: (runId) => state.runs.find(runId) !== undefined,
    graceMs: deps.deleteGraceMs,
  });
};

interface Answering {
  readonly holder: string;
  readonly isTrusted: () => boolean;
  readonly pump: () => void;
}

/** Everything that is asked of a leader. */
const answerAll = (deps: LeaderDeps, { holder, isTrusted, pump }: Answering): readonly Listening[] => {
  const { connection, shard, state, room, requests } = deps;
  const answerLeader = async (): Promise<string> => {
    if (!isTrusted()) throw new AppError('unavailable', 'scheduler.in_doubt', 'another leader may be there');
    const runBytes = RUN_EVENTS_BYTES + requests.meanBytes();
    const needed = neededBytes(room.rules(), openRunsOf(state), runBytes);
    return JSON.stringify({ holder, neededBytes: needed, waiting: state.waiting } satisfies LeaderAnswer);
  };
  return [
    answerHeartbeats({ ...deps, isTrusted, onHeard: pump }),
    answerWhy({ ...deps, isTrusted }),
    respond(connection, messagingSubject.leader(shard), answerLeader),
  ];
};

const startSnapshots = (deps: LeaderDeps) =>
  keepSnapshots({
    ...deps,
    intervalMs: deps.snapshotIntervalMs,
    snapshots: openSnapshots(deps.connection),
    stored: deps.metrics.snapshots,
  });

/** Looks after the lease first, then after the executors, then after what follows. */
const startTicking = (
  { state, clock, log }: LeaderDeps,
  checkLease: (nowMs: number) => void,
  thens: readonly (() => void)[],
): NodeJS.Timeout =>
  setInterval(() => {
    const nowMs = clock.monotonic();
    checkLease(nowMs);
    for (const executor of expire(state, nowMs)) log.warn('executor lost', { executor });
    for (const then of thens) then();
  }, TICK_MS);

/** Leads until `close`. The fold must have read the lease. */
export const lead = (deps: LeaderDeps, lease: Lease): Leader => {
  const { connection, shard, ring, state, fold, clock } = deps;
  failpoint('scheduler.after-lease');
  const writer = makeFencedWriter(connection, { shard, lease });
  const watch = watchLease(deps, writer);
  const isTrusted = (): boolean => watch.isTrusted(clock.monotonic());
  const { outbox, loop, pump } = makeLoop(deps, writer);

  beginLeading(state, clock.monotonic());
  const clockwork = new Clockwork({
    ...deps,
    // Before the ring changed its schedules were another shard's, which is not asked what it did.
    logBeganMs: Math.max(state.logBeganMs ?? clock.now(), ring.sinceMs),
    fire: (declared, instantMs) => loop.fire(declared, instantMs),
    onWoken: pump,
  });
  fold.listen({
    onCancelRequested: (runId) => hintCancel(connection, state, runId),
    onLease: watch.onLease,
    onBatch: () => {
      pump();
      clockwork.onChange();
    },
  });
  const ticking = startTicking(deps, watch.check, [() => clockwork.tick(), pump]);
  const watchingFill = watchFill(deps);
  const keeping = startSnapshots(deps);
  const stopDeleting = startDeleting(deps);
  const answering = answerAll(deps, { holder: lease.holder, isTrusted, pump });
  pump();

  return {
    leaseSequence: () => writer.lease().sequence,
    isTrusted,
    close: () => {
      clearInterval(ticking);
      clearInterval(watchingFill);
      stopDeleting();
      keeping.close();
      clockwork.close();
      for (const listening of answering) listening.close();
      loop.close();
      outbox.close();
      writer.close();
    },
  };
};
