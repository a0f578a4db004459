import { type Position, type RunEvent, type RunEventOf, type RunRequested } from '@millrace/contracts';
import { type TerminalEvent } from '../run/evolve-run.ts';
import { FORGIVEN_LOSSES_MAX } from '../run/run-state.ts';
import { type Holding } from './executor-record.ts';
import { type Run, STANDING } from './run-table.ts';
import { type SchedulerState } from './scheduler-state.ts';

type AttemptFailed = RunEventOf<'dev.millrace.run.attempt.failed.v1'>;
type AttemptLost = RunEventOf<'dev.millrace.run.attempt.lost.v1'>;

const onRequested = (state: SchedulerState, event: RunRequested, position: Position): void => {
  const { subject, workspace, workflow, data } = event;
  if (state.runs.find(subject) !== undefined) return;
  const run = state.add(subject, position, { workspace, workflow, policy: data.policy });
  if (data.policy.onLimit === 'reject') state.eager.add(run);
};

/** Leaves where it stands without an attempt: its queue, or the list of endings that nobody has been told yet. */
const withdraw = (state: SchedulerState, run: Run): void => {
  if (state.runs.standing.get(run) === STANDING.waiting) state.dequeue(run);
  state.endings.delete(run);
};

/** The echo of a dispatch that was decided here, or one that another leader decided. */
const onDispatched = (state: SchedulerState, run: Run, event: RunEventOf<'dev.millrace.run.dispatched.v1'>): void => {
  const own = state.holdings.get(run);
  if (own !== undefined) {
    if (event.attempt === state.runs.attempt.get(run) && event.data.executor === own.executor.id) recorded(state, own);
    return;
  }
  if (event.attempt !== state.runs.attempt.get(run) + 1) return;
  // a leader that is gone may have dispatched what was asked to be cancelled before it read that
  const isCancelRequested = state.endings.get(run) === 'cancelled';
  withdraw(state, run);
  const holding = state.hold(run, state.executor(event.data.executor));
  holding.isRecorded = true;
  holding.isCancelRequested = isCancelRequested;
};

const recorded = (state: SchedulerState, holding: Holding): void => {
  holding.isRecorded = true;
  if (holding.lostReason !== undefined) state.losses.add(holding);
};

const onCancelRequested = (state: SchedulerState, run: Run): void => {
  const holding = state.holdings.get(run);
  if (holding !== undefined) holding.isCancelRequested = true;
  else if (state.runs.standing.get(run) === STANDING.waiting) {
    state.dequeue(run);
    state.end(run, 'cancelled');
  }
};

/** The attempt is over, the run is not: another attempt, or the end when none is left. */
const onAttemptOver = (state: SchedulerState, { run }: Holding, how: 'failed' | 'lost'): void => {
  const count = state.runs[how].get(run) + 1;
  state.runs[how].set(run, count);
  if (count <= state.policyOf(run).retries[how]) state.enqueue(run);
  else state.end(run, how === 'lost' ? 'executor_lost' : 'attempts_used_up');
};

/** Whether the loss of the current attempt may go uncounted. */
const isForgiven = (state: SchedulerState, { run }: Holding, { data }: AttemptLost): boolean => {
  if (data.counted !== false || state.policyOf(run).retries.lost === 0) return false;
  const { attempt, failed, lost } = state.runs;
  // Every attempt before this one failed, was lost, or was lost and forgiven.
  return attempt.get(run) - 1 - failed.get(run) - lost.get(run) < FORGIVEN_LOSSES_MAX;
};

const onAttemptEvent = (
  state: SchedulerState,
  holding: Holding | undefined,
  event: AttemptLost | AttemptFailed,
): void => {
  if (holding === undefined) return;
  const { run, isCancelRequested } = holding;
  state.release(holding);
  if (isCancelRequested) state.end(run, 'cancelled');
  else if (event.type === 'dev.millrace.run.attempt.failed.v1') onAttemptOver(state, holding, 'failed');
  else if (isForgiven(state, holding, event)) state.enqueue(run);
  else onAttemptOver(state, holding, 'lost');
};

const onTerminal = (state: SchedulerState, run: Run, { attempt }: TerminalEvent): void => {
  const holding = state.holdings.get(run);
  if (holding === undefined ? attempt !== undefined : attempt !== state.runs.attempt.get(run)) return;
  if (holding === undefined) withdraw(state, run);
  else state.release(holding);
  state.forget(run);
};

/** The attempt that the event speaks of, when it is going on. */
const currentOf = (state: SchedulerState, run: Run, { attempt }: RunEvent): Holding | undefined =>
  attempt === state.runs.attempt.get(run) ? state.holdings.get(run) : undefined;

const onEventOfRun = (state: SchedulerState, run: Run, event: Exclude<RunEvent, RunRequested>): void => {
  switch (event.type) {
    case 'dev.millrace.run.dispatched.v1':
      onDispatched(state, run, event);
      return;
    case 'dev.millrace.run.started.v1':
    case 'dev.millrace.run.progressed.v1':
    case 'dev.millrace.run.responded.v1':
      return;
    case 'dev.millrace.run.cancel.requested.v1':
      onCancelRequested(state, run);
      return;
    case 'dev.millrace.run.attempt.failed.v1':
    case 'dev.millrace.run.attempt.lost.v1':
      onAttemptEvent(state, currentOf(state, run, event), event);
      return;
    default:
      onTerminal(state, run, event);
  }
};

/**
 * Folds one event of the log into the state, in place. Superseded events change nothing (the same rules as `isSuperseded`), nor do events
 * of runs that are over or were never requested, so reading an event again is harmless.
 */
export const evolve = (state: SchedulerState, event: RunEvent, position: Position): void => {
  if (event.type === 'dev.millrace.run.requested.v1') {
    onRequested(state, event, position);
    return;
  }
  const run = state.runs.find(event.subject);
  if (run !== undefined) onEventOfRun(state, run, event);
};
