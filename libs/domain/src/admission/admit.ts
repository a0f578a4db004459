import { type Position } from '@millrace/contracts';
import { type ExecutorRecord, freestExecutor, isFresh } from './executor-record.ts';
import { type Run } from './run-table.ts';
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
  /** Whether the caller waits to hear if its run starts at once. */
  readonly onLimit: 'queue' | 'reject';
}

const assign = (state: SchedulerState, run: Run, executor: ExecutorRecord): Dispatch => {
  const { workspace, path } = state.workflowOf(run);
  const { retries, onLimit } = state.policyOf(run);
  state.dequeue(run);
  state.hold(run, executor);
  return {
    runId: state.runs.id(run),
    workspace,
    workflow: path,
    attempt: state.runs.attempt.get(run),
    executor: executor.id,
    position: state.runs.position(run),
    retryOnFailure: state.runs.failed.get(run) < retries.failed,
    onLimit,
  };
};

/** A request that will not wait is over when it cannot start. While no executor is heard nobody knows, and it waits. */
const rejectEager = (state: SchedulerState, nowMs: number): void => {
  if (state.eager.size === 0) return;
  if (![...state.executors.values()].some((executor) => isFresh(executor, nowMs))) return;
  for (const run of state.eager) {
    state.dequeue(run);
    state.end(run, 'rejected');
  }
};

/**
 * Decides what starts now, and counts it as started: first come, first served inside a workflow, workflows in turns, the executor with the
 * most free slots. Each decision is O(1) in runs and workflows; workflows at their limit are not looked at.
 * Requests that will not wait and did not get a slot become decisions.
 *
 * @param nowMs the monotonic clock of `hear`
 * @param runsMax how many may run at the same time for other reasons than the limits
 */
export const admit = (
  state: SchedulerState,
  nowMs: number,
  runsMax = Number.POSITIVE_INFINITY,
): readonly Dispatch[] => {
  const dispatches: Dispatch[] = [];
  while (state.holdings.size < Math.min(state.limits.concurrentRunsMax, runsMax)) {
    const workflow = state.ready.turn;
    if (workflow === undefined) break;
    const executor = freestExecutor(state.executors.values(), nowMs);
    if (executor === undefined) break;
    state.ready.advance();
    dispatches.push(assign(state, workflow.first, executor));
  }
  rejectEager(state, nowMs);
  return dispatches;
};
