import { invariant } from '@millrace/kernel';
import { type SchedulerState } from './scheduler-state.ts';

/**
 * Takes back a dispatch that was decided and cannot be made, because the log does not hold the request any more: the run ends.
 * Only for one that was not appended.
 */
export const takeBack = (state: SchedulerState, runId: string): void => {
  const run = state.runs.find(runId);
  const holding = run === undefined ? undefined : state.holdings.get(run);
  if (holding === undefined) return;
  invariant(!holding.isRecorded, 'a dispatch that is in the log stays');
  state.release(holding);
  state.runs.attempt.set(holding.run, state.runs.attempt.get(holding.run) - 1);
  state.end(holding.run, 'request_expired');
};
