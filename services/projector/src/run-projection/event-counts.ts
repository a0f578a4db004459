import { isTerminal, type RunEvent } from '@millrace/contracts';

/** The part of a run that decides whether an event still concerns it. */
export interface RunGate {
  readonly state: string;
  readonly attempt: number;
}

const OPEN: ReadonlySet<string> = new Set(['waiting', 'dispatched', 'running']);

/** Between attempts only the scheduler speaks: it gives the run up, cancels or rejects it. An executor names its attempt, which is over. */
const countsWhileWaiting = (run: RunGate, event: RunEvent): boolean => {
  if (event.type === 'dev.millrace.run.dispatched.v1') return (event.attempt ?? 0) > run.attempt;
  if (!isTerminal(event.type)) return false;
  return event.source.startsWith('/millrace/scheduler');
};

/**
 * Whether an event changes its run. Superseded are events of another attempt than the current one, events behind a terminal one, and
 * a second request under the same id: they are recorded and change nothing.
 */
export const eventCounts = (run: RunGate | undefined, event: RunEvent): boolean => {
  if (run === undefined || event.type === 'dev.millrace.run.requested.v1') {
    return run === undefined && event.type === 'dev.millrace.run.requested.v1';
  }
  if (!OPEN.has(run.state)) return false;
  if (event.type === 'dev.millrace.run.cancel.requested.v1') return true;
  if (run.state === 'waiting') return countsWhileWaiting(run, event);
  return event.type !== 'dev.millrace.run.dispatched.v1' && event.attempt === run.attempt;
};
