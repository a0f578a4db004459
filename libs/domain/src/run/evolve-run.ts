/**
 * The fold of one run.
 *
 * I1 a run begins with `requested`, once; events of a run that was never requested change nothing.
 * I2 a terminal status never changes.
 * I3 the word of an executor names its attempt and counts only while that attempt is the current one and is not over.
 * I4 the word of the scheduler about a run that waits (`cancelled`, `rejected`, `failed`) names no attempt: none is going on;
 *    only `retry.scheduled` names the one that failed.
 * I5 attempts count 1, 2, 3 … without a gap; the next begins only after the one before was lost or failed.
 * I6 of the executors only the one that the attempt was given to is heard about it.
 */
import {
  isSaidByExecutor,
  isSaidByOther,
  isTerminal,
  type RunEvent,
  type RunEventOf,
  type RunRequested,
} from '@millrace/contracts';
import { FORGIVEN_LOSSES_MAX, isOpen, type RunState, type RunStatus } from './run-state.ts';

/** What says which events still concern a run. `executor` need not be known while it waits. */
export type RunGate = Pick<RunState, 'status' | 'attempt' | 'executor'>;

/** Whether an event is recorded only, and changes nothing: another attempt's or executor's, one behind the end, a repeated request. */
export const isSuperseded = (run: RunGate | undefined, event: RunEvent): boolean => {
  if (run === undefined) return event.type !== 'dev.millrace.run.requested.v1';
  if (!isOpen(run.status)) return true;
  switch (event.type) {
    case 'dev.millrace.run.requested.v1':
      return true;
    case 'dev.millrace.run.cancel.requested.v1':
      return false;
    case 'dev.millrace.run.dispatched.v1':
      return run.status !== 'waiting' || event.attempt !== run.attempt + 1;
    default:
      if (run.status === 'waiting') return !concernsWaiting(run, event);
      return event.attempt !== run.attempt || isSaidByOther(event, run.executor);
  }
};

/** Of a run that waits nobody but the scheduler speaks: of its end, or of the time of its next attempt. */
const concernsWaiting = ({ attempt }: RunGate, event: RunEvent): boolean => {
  if (isSaidByExecutor(event)) return false;
  if (event.type === 'dev.millrace.run.retry.scheduled.v1') return event.attempt === attempt;
  return event.attempt === undefined && isTerminal(event.type);
};

/** An event that ends its run. */
export type TerminalEvent = RunEventOf<
  | 'dev.millrace.run.completed.v1'
  | 'dev.millrace.run.failed.v1'
  | 'dev.millrace.run.cancelled.v1'
  | 'dev.millrace.run.timed_out.v1'
  | 'dev.millrace.run.rejected.v1'
>;

const birth = ({ data }: RunRequested): RunState => ({
  status: 'waiting',
  attempt: 0,
  executor: undefined,
  retriesLeft: data.policy.retries,
  forgivenLeft: data.policy.retries.lost === 0 ? 0 : FORGIVEN_LOSSES_MAX,
  isCancelRequested: false,
});

const spend = (run: RunState, what: 'failed' | 'lost'): RunState => ({
  ...run,
  status: 'waiting',
  executor: undefined,
  retriesLeft: { ...run.retriesLeft, [what]: run.retriesLeft[what] - 1 },
});

const lose = (run: RunState, counted: boolean): RunState =>
  counted || run.forgivenLeft === 0
    ? spend(run, 'lost')
    : { ...run, status: 'waiting', executor: undefined, forgivenLeft: run.forgivenLeft - 1 };

const OUTCOMES: Readonly<Record<TerminalEvent['type'], RunStatus>> = {
  'dev.millrace.run.completed.v1': 'completed',
  'dev.millrace.run.failed.v1': 'failed',
  'dev.millrace.run.cancelled.v1': 'cancelled',
  'dev.millrace.run.timed_out.v1': 'timed_out',
  'dev.millrace.run.rejected.v1': 'rejected',
};

/** A type that is not named here has to be in {@link TerminalEvent}, or this does not compile. */
const applied = (run: RunState, event: Exclude<RunEvent, RunRequested>): RunState => {
  switch (event.type) {
    case 'dev.millrace.run.dispatched.v1':
      return { ...run, status: 'dispatched', attempt: run.attempt + 1, executor: event.data.executor };
    case 'dev.millrace.run.started.v1':
      return { ...run, status: 'running' };
    case 'dev.millrace.run.progressed.v1':
    case 'dev.millrace.run.responded.v1':
    case 'dev.millrace.run.retry.scheduled.v1': // when, not whether
      return run;
    case 'dev.millrace.run.cancel.requested.v1':
      return { ...run, isCancelRequested: true };
    case 'dev.millrace.run.attempt.failed.v1':
      return spend(run, 'failed');
    case 'dev.millrace.run.attempt.lost.v1':
      return lose(run, event.data.counted !== false);
    default:
      return { ...run, status: OUTCOMES[event.type] };
  }
};

/** The run after one more event, in the order of the log; the same object when the event is superseded. `undefined`: never requested. */
export const evolveRun = (run: RunState | undefined, event: RunEvent): RunState | undefined => {
  if (isSuperseded(run, event)) return run;
  if (event.type === 'dev.millrace.run.requested.v1') return birth(event);
  return run === undefined ? undefined : applied(run, event);
};
