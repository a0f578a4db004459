import { DEFAULT_POOL, type Position } from '@millrace/contracts';
import { type ExecutorRecord, freestExecutor, isFresh } from './executor-record.ts';
import { type Pool } from './pool-table.ts';
import { awaitsWord } from './awaits-word.ts';
import { NO_RUN, type Run, STANDING } from './run-table.ts';
import { type SchedulerState } from './scheduler-state.ts';

/** A run shall start on an executor. Its input and the rest are where it was requested, at `position`. */
export interface Dispatch {
  readonly runId: string;
  readonly workspace: string;
  readonly workflow: string;
  readonly attempt: number;
  readonly executor: string;
  /** Where `run.requested` stands in the log. */
  readonly position: Position;
  readonly retryOnFailure: boolean;
  /** Whether the caller waits to hear of the start. */
  readonly isAwaited: boolean;
}

const assign = (state: SchedulerState, run: Run, executor: ExecutorRecord): Dispatch => {
  const { workspace, path } = state.workflowOf(run);
  const policy = state.policyOf(run);
  state.dequeue(run);
  state.hold(run, executor);
  return {
    runId: state.runs.id(run),
    workspace,
    workflow: path,
    attempt: state.runs.attempt.get(run),
    executor: executor.id,
    position: state.runs.position(run),
    retryOnFailure: state.runs.failed.get(run) < policy.retries.failed,
    isAwaited: awaitsWord(policy),
  };
};

/** A request that will not wait is over when it cannot start. While no executor of its pool is heard nobody knows, and it waits. */
const rejectEager = (state: SchedulerState, nowMs: number): void => {
  if (state.eager.size === 0) return;
  const heard = [...state.executors.values()].filter((executor) => isFresh(executor, nowMs));
  for (const run of state.eager) {
    const { pool = DEFAULT_POOL } = state.policyOf(run);
    if (!heard.some(({ pools }) => pools.has(pool))) continue;
    state.dequeue(run);
    state.end(run, 'rejected');
  }
};

/** Those who came last do not wait where too many do. What is left of a request that will not start is that it waits. */
const boundQueues = (state: SchedulerState): void => {
  for (const run of [...state.asking].reverse()) {
    if (state.runs.standing.get(run) !== STANDING.waiting) continue;
    const { queueLimit = Number.POSITIVE_INFINITY } = state.policyOf(run);
    if (state.workflowOf(run).waiting <= queueLimit) continue;
    state.dequeue(run);
    state.end(run, 'queue_full');
  }
};

/** Not by which was there first: a restored state knows them in another order. */
const comesBefore = (one: Pool, other: Pool): boolean =>
  one.running === other.running ? one.name < other.name : one.running < other.running;

/** Where the next run starts: of the pools that have something to start and a free slot, the one that takes the fewest slots. */
const nextPlace = (
  { queues, executors }: SchedulerState,
  nowMs: number,
): { readonly pool: Pool; readonly executor: ExecutorRecord } | undefined => {
  let place;
  for (const pool of queues.pools.values()) {
    if (pool.turns.isEmpty || (place !== undefined && !comesBefore(pool, place.pool))) continue;
    const executor = freestExecutor(executors.values(), pool.name, nowMs);
    if (executor !== undefined) place = { pool, executor };
  }
  return place;
};

/** Takes the run of the pool whose turn it is: see `turns.ts`. */
const takeTurn = ({ queues }: SchedulerState, { turns }: Pool): Run => {
  const group = turns.take();
  if (group === undefined) return NO_RUN;
  const run = queues.lanes.first(group.turn);
  group.advance();
  return run;
};

export interface AdmitTimes {
  /** How many may run at the same time for other reasons than the limits. */
  readonly runsMax?: number;
  /** Time of the log as far as it can be told, milliseconds since the epoch: it must not be later than what the log stores next. */
  readonly logMs?: number;
}

/**
 * Decides what starts now, and counts it as started: in each pool whose turn it is (see `turns.ts`), on the executor with the most free
 * slots. Each decision is O(1) in runs, keys and workflows; who is at a limit is not looked at.
 * Requests that will not wait and did not get a slot become decisions.
 *
 * @param nowMs the monotonic clock of `hear`
 */
export const admit = (
  state: SchedulerState,
  nowMs: number,
  { runsMax = Number.POSITIVE_INFINITY, logMs = 0 }: AdmitTimes = {},
): readonly Dispatch[] => {
  const dispatches: Dispatch[] = [];
  state.queues.advance(logMs);
  while (state.holdings.size < Math.min(state.limits.concurrentRunsMax, runsMax)) {
    const place = nextPlace(state, nowMs);
    if (place === undefined) break;
    dispatches.push(assign(state, takeTurn(state, place.pool), place.executor));
  }
  rejectEager(state, nowMs);
  if (state.asking.size > 0) boundQueues(state);
  return dispatches;
};
