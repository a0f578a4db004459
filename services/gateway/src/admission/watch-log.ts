import {
  DEFAULT_SHARD,
  type LeaderAnswer,
  messagingSubject,
  type Ring,
  shardsUpTo,
  shareOf,
  writtenShard,
} from '@millrace/contracts';
import { type LogConnection, logFill, probeLog, request, subscribe } from '@millrace/eventlog';
import { invariant, type Milliseconds, SECOND } from '@millrace/kernel';
import { APPEND_TIMEOUT_MS, LOG_PROBE_INTERVAL_MS, LOG_ROOM_INTERVAL_MS } from '../limits.ts';
import { type LogRoomState, makeLogRoom } from './log-room.ts';
import { makeLogWritability } from './log-writability.ts';
import { makeQueueRoom } from './queue-room.ts';

const ANSWER_TIMEOUT_MS = SECOND;

export interface LogState extends LogRoomState {
  /** Why nothing can be written; absent when it can. */
  readonly problem: string | undefined;
}

/** What a gateway knows of a log before it writes. */
export interface LogWatch {
  /**
   * Takes room for one run.
   *
   * @throws AppError `unavailable` `log.full`, `log.not_writable`.
   */
  readonly take: (writtenBytes: number) => void;
  /** @throws AppError `over_limit` `queue.full` while more runs wait on the server than may. */
  readonly checkQueue: () => void;
  /** Learns from how an append ends; passes it on. */
  readonly watched: <Value>(append: Promise<Value>) => Promise<Value>;
  readonly state: () => LogState;
  /** How long the log keeps a request; `undefined` until it was asked for the first time. */
  readonly keepsMs: () => Milliseconds | undefined;
  readonly close: () => void;
}

const nowMs = (): number => performance.now();

const askLeader = async (
  connection: LogConnection,
  shard: number,
): Promise<LeaderAnswer & { readonly askedAtMs: number }> => {
  const askedAtMs = nowMs();
  const answer = await request(connection, messagingSubject.leader(shard), '', ANSWER_TIMEOUT_MS);
  return { ...(JSON.parse(answer) as LeaderAnswer), askedAtMs };
};

/** One question at a time: what comes while one is open is left out. */
const oneAtATime = (ask: () => Promise<void>): (() => void) => {
  let isAsking = false;
  return () => {
    if (isAsking) return;
    isAsking = true;
    ask()
      .catch(() => undefined) // the log is away: every append says so itself
      .finally(() => {
        isAsking = false;
      });
  };
};

/**
 * Asks the leader once a second what the open runs need, and the log how full it is. The leader's answer is a hint: it only ever makes
 * a gateway refuse, and without one the last one holds.
 */
export const watchLog = (connection: LogConnection, shard: number, queueLimit: number): LogWatch => {
  const room = makeLogRoom(nowMs);
  const writability = makeLogWritability({
    probe: () => probeLog(connection, { shard, timeoutMs: APPEND_TIMEOUT_MS }),
    probeIntervalMs: LOG_PROBE_INTERVAL_MS,
    nowMs,
  });
  const queue = makeQueueRoom(queueLimit, nowMs);
  let keepsMs: Milliseconds | undefined;
  const hearLeader = async (): Promise<void> => {
    const { neededBytes, waiting, askedAtMs } = await askLeader(connection, shard);
    room.onNeeded(neededBytes, askedAtMs);
    if (waiting !== undefined) queue.onWaiting(waiting);
  };
  const refresh = async (): Promise<void> => {
    await hearLeader().catch(() => undefined); // the last answer holds, and what was taken since is counted
    const fill = await logFill(connection, shard);
    keepsMs = fill.maxAgeMs ?? Number.POSITIVE_INFINITY;
    room.onFill(fill);
  };

  const tick = oneAtATime(refresh);
  const timer = setInterval(tick, LOG_ROOM_INTERVAL_MS);
  tick();
  // All logs are on the same servers.
  const listening = subscribe(connection, messagingSubject.unwritable(DEFAULT_SHARD), writability.onWord);

  const close = (): void => {
    clearInterval(timer);
    listening.close();
    writability.close();
  };

  return {
    take: (writtenBytes) => {
      writability.check();
      room.take(writtenBytes);
    },
    watched: (append) => {
      append.catch(writability.onAppendError);
      return append;
    },
    checkQueue: queue.check,
    state: () => ({ ...room.state(), problem: writability.problem() }),
    keepsMs: () => keepsMs,
    close,
  };
};

/** What a gateway knows of all logs. */
export interface LogWatches {
  /** Of the log of a run. */
  readonly of: (runId: string) => LogWatch;
  /** Of all together; one that is full, or cannot be written, makes it so. */
  readonly state: () => LogState;
  readonly keepsMs: LogWatch['keepsMs'];
  readonly close: () => void;
}

const joinStates = (states: readonly LogState[]): LogState => ({
  bytes: states.reduce((sum, { bytes }) => sum + bytes, 0),
  maxBytes: states.reduce((sum, { maxBytes }) => sum + maxBytes, 0),
  neededBytes: states.reduce((sum, { neededBytes }) => sum + neededBytes, 0),
  isFull: states.some(({ isFull }) => isFull),
  problem: states.find(({ problem }) => problem !== undefined)?.problem,
});

/** {@link watchLog} for each shard, which gets its share of what may wait. */
export const watchLogs = (
  connection: LogConnection,
  { shards }: Pick<Ring, 'shards'>,
  queueLimit: number,
): LogWatches => {
  const watches = shardsUpTo(shards).map((shard) => watchLog(connection, shard, shareOf(queueLimit, shards, shard)));
  return {
    of: (runId) => {
      const watch = watches[writtenShard(runId, shards)];
      invariant(watch, 'each shard has its watch');
      return watch;
    },
    state: () => joinStates(watches.map(({ state }) => state())),
    keepsMs: () => watches[DEFAULT_SHARD]?.keepsMs(),
    close: () => {
      for (const { close } of watches) close();
    },
  };
};
