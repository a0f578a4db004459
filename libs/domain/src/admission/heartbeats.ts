import { type Heartbeat, type HeartbeatAnswer } from '@millrace/contracts';
import { type Milliseconds, SECOND } from '@millrace/kernel';
import { DEFAULT_POOLS, type ExecutorRecord, type Holding } from './executor-record.ts';
import { type SchedulerState } from './scheduler-state.ts';

/** How long an executor may go on after a heartbeat that was answered, counted from when it was sent. */
export const EXECUTOR_LEASE_MS: Milliseconds = 10 * SECOND;
/** Silence after which an executor is declared lost: it has killed its children long before. */
export const EXECUTOR_SILENCE_MAX_MS: Milliseconds = 15 * SECOND;
/**
 * Heartbeats in a row that do not name an attempt which the executor was given: then it is taken away. Counted in heartbeats and not in
 * seconds: those that were sent before the dispatch arrived are few, whatever kept them, or the leader, on the way.
 */
export const UNNAMED_HEARTBEATS_MAX = 30;
/** Heartbeats after which an executor that does not name an attempt gets nothing new until it does, or until the attempt is taken away. */
export const DEAF_HEARTBEATS = 5;
/** Attempts taken away from a living executor that are repeated to it. */
export const DROPPED_ATTEMPTS_MAX = 1_000;
/** Lost executors that are remembered; one that is silent gets a new id by itself, so this is for the rare one that speaks again. */
export const LOST_EXECUTORS_MAX = 10_000;

/** The attempt will be given up; said as soon as its dispatch is known to be in the log before that. */
const lose = (state: SchedulerState, holding: Holding, reason: string): void => {
  if (holding.lostReason !== undefined) return;
  holding.lostReason = reason;
  if (holding.isRecorded) state.losses.add(holding);
};

/** First told to drop it, given up with the next heartbeat: so that no late start runs beside the next attempt. */
const countMiss = (state: SchedulerState, holding: Holding): void => {
  const { run, executor } = holding;
  holding.misses += 1;
  if (holding.misses === UNNAMED_HEARTBEATS_MAX) {
    executor.dropped.push({ runId: state.runs.id(run), attempt: state.runs.attempt.get(run) });
    if (executor.dropped.length > DROPPED_ATTEMPTS_MAX) executor.dropped.shift();
  } else if (holding.misses > UNNAMED_HEARTBEATS_MAX) {
    lose(state, holding, `the executor does not know of the attempt after ${UNNAMED_HEARTBEATS_MAX} heartbeats`);
  }
};

const compareHeld = (state: SchedulerState, executor: ExecutorRecord, { held }: Heartbeat): void => {
  executor.isDeaf = false;
  if (executor.holdings.size === 0) return;
  const named = new Map(held.map(({ runId, attempt }) => [runId, attempt]));
  for (const holding of executor.holdings.values()) {
    const { run, misses } = holding;
    const isNamed = named.get(state.runs.id(run)) === state.runs.attempt.get(run);
    // what it was told to drop it may not take up again
    if (isNamed && misses < UNNAMED_HEARTBEATS_MAX) holding.misses = 0;
    else if (holding.isRecorded) countMiss(state, holding);
    executor.isDeaf ||= holding.misses >= DEAF_HEARTBEATS;
  }
};

/** Takes in what an executor says of itself, and gives what the leader answers. Only for a leader. */
export const hear = (state: SchedulerState, beat: Heartbeat, nowMs: number): HeartbeatAnswer => {
  if (state.lostExecutors.has(beat.executor)) return { leaseMs: EXECUTOR_LEASE_MS, cancel: [], known: false };
  const executor = state.executor(beat.executor);
  executor.heardMs = nowMs;
  executor.slots = beat.slots;
  executor.pools = beat.pools === undefined ? DEFAULT_POOLS : new Set(beat.pools);
  executor.isDraining = beat.draining;
  compareHeld(state, executor, beat);
  const cancel: string[] = [];
  for (const { run, isCancelRequested } of executor.holdings.values()) {
    if (isCancelRequested) cancel.push(state.runs.id(run));
  }
  return { leaseMs: EXECUTOR_LEASE_MS, cancel, dropped: [...executor.dropped], known: true };
};

/** Forgets a lost executor. The runs that it holds keep their slots until the log says that their attempts are lost. */
const declareLost = (state: SchedulerState, executor: ExecutorRecord): void => {
  state.executors.delete(executor.id);
  state.lostExecutors.add(executor.id);
  if (state.lostExecutors.size > LOST_EXECUTORS_MAX) {
    for (const oldest of state.lostExecutors) {
      state.lostExecutors.delete(oldest);
      break;
    }
  }
  for (const holding of executor.holdings.values()) lose(state, holding, `executor ${executor.id} fell silent`);
};

/**
 * Declares lost who was silent for {@link EXECUTOR_SILENCE_MAX_MS}, counted from the beginning of the leadership at the earliest.
 * Call it about once a second.
 *
 * @returns who was declared lost now
 */
export const expire = (state: SchedulerState, nowMs: number): readonly string[] => {
  const { leadingSinceMs } = state;
  if (leadingSinceMs === undefined) return [];
  const lost: string[] = [];
  for (const executor of state.executors.values()) {
    const sinceMs = Math.max(executor.heardMs ?? leadingSinceMs, leadingSinceMs);
    if (nowMs - sinceMs < EXECUTOR_SILENCE_MAX_MS) continue;
    declareLost(state, executor);
    lost.push(executor.id);
  }
  return lost;
};

/** From now on heartbeats are answered and silence counts. */
export const beginLeading = (state: SchedulerState, nowMs: number): void => {
  state.leadingSinceMs = nowMs;
};
