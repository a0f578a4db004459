import { type RunEvent, type RunEventOf } from '@millrace/contracts';
import { AppError, type Decider } from '@millrace/kernel';
import { evolveRun } from './evolve-run.ts';
import { isOpen, type RunState } from './run-state.ts';

/** Asks that a run be cancelled; carries the event that shall be recorded, because ids and time come from outside. */
export interface RequestCancel {
  readonly type: 'RequestCancel';
  readonly event: RunEventOf<'dev.millrace.run.cancel.requested.v1'>;
}

export type RunCommand = RequestCancel;

const requestCancel = ({ event }: RequestCancel, run: RunState | undefined): readonly RunEvent[] => {
  if (run === undefined)
    throw new AppError('refused', 'run.unknown', 'a run that was never requested cannot be cancelled');
  if (run.status === 'cancelled' || run.isCancelRequested) return [];
  if (!isOpen(run.status)) throw new AppError('refused', 'run.ended', `the run is over: ${run.status}`);
  return [event];
};

/** What callers may ask of one run. Whether and when it is dispatched is decided over all runs: see `admission`. */
export const runDecider: Decider<RunState | undefined, RunCommand, RunEvent> = {
  initialState: undefined,
  decide: (command, run) => requestCancel(command, run),
  evolve: evolveRun,
};
