import { type RunPolicy } from '@millrace/contracts';
import { NO_RUN, type Run, STANDING } from './run-table.ts';
import { type SchedulerState } from './scheduler-state.ts';

/** The limit that `onLimit` is about: that of the key, or of the workflow where the run has no key. */
const limitOf = ({ keyConcurrency, concurrency }: RunPolicy): number =>
  keyConcurrency ?? concurrency ?? Number.POSITIVE_INFINITY;

/** Runs that wait or take a slot at that limit. */
const countOpen = (state: SchedulerState, run: Run): number => {
  const { lanes } = state.queues;
  const lane = state.runs.lane.get(run);
  if (lanes.key(lane) !== undefined) return lanes.waiting.get(lane) + lanes.running.get(lane);
  const { waiting, running } = state.workflowOf(run);
  return waiting + running;
};

/** A run that is there gives way to another one: it ends at once when it waits, and is asked to end when it takes a slot. */
export const supersede = (state: SchedulerState, run: Run, successorId: string): void => {
  state.successors.set(run, successorId);
  const holding = state.holdings.get(run);
  if (holding === undefined) {
    state.withdraw(run);
    state.end(run, 'superseded');
  } else {
    state.depart(holding);
    state.cancellations.add(run);
  }
};

/** The newest stay, as many as may run at the same time. */
const makeRoom = (state: SchedulerState, run: Run): void => {
  const { lanes } = state.queues;
  const lane = state.runs.lane.get(run);
  const limit = limitOf(state.policyOf(run));
  for (;;) {
    const open = lanes.waiting.get(lane) + lanes.running.get(lane) - lanes.leaving.get(lane);
    const held = lanes.firstHeld(lane);
    const oldest = held === NO_RUN ? lanes.first(lane) : held;
    if (open <= limit || oldest === run) return;
    supersede(state, oldest, state.runs.id(run));
  }
};

/** A run that is in no queue is there now, and what its workflow says of the limit holds; a further attempt only waits. */
export const enter = (state: SchedulerState, run: Run): void => {
  const policy = state.policyOf(run);
  const { onLimit } = policy;
  const isFirst = state.runs.attempt.get(run) === 0;
  if (isFirst && onLimit === 'skip' && countOpen(state, run) >= limitOf(policy)) {
    state.end(run, 'skipped');
    return;
  }
  state.enqueue(run);
  if (!isFirst) return;
  if (onLimit === 'reject') state.eager.add(run);
  if (onLimit === 'cancel_previous') makeRoom(state, run);
};

const isUnstarted = (state: SchedulerState, run: Run): boolean => {
  const standing = state.runs.standing.get(run);
  return (standing === STANDING.sleeping || standing === STANDING.waiting) && state.runs.attempt.get(run) === 0;
};

/**
 * A run that waits a while for a later one of its debounce key, which then takes its place. The one before it, which waits for it, ends.
 *
 * @param atMs when it was recorded, by the time of the log
 */
export const debounce = (
  state: SchedulerState,
  run: Run,
  its: { readonly key: string; readonly atMs: number },
): void => {
  const { key, atMs } = its;
  const { debounced } = state.workflowOf(run);
  const { periodMs = 0, maxMs = 0 } = state.policyOf(run).debounce ?? {};
  const before = debounced.get(key);
  const previous = before === undefined ? undefined : state.runs.find(before.runId);
  let sinceMs = atMs;
  if (before !== undefined && previous !== undefined && atMs < before.dueMs && isUnstarted(state, previous)) {
    sinceMs = before.sinceMs;
    state.withdraw(previous);
    state.successors.set(previous, state.runs.id(run));
    state.end(previous, 'debounced');
  }
  const dueMs = Math.min(atMs + periodMs, sinceMs + maxMs);
  debounced.set(key, { runId: state.runs.id(run), sinceMs, dueMs });
  state.debounceKeys.set(run, key);
  state.sleep(run, dueMs);
  state.unarmed.delete(run); // the leader looks by itself: what is missed by a second is made up for
};
