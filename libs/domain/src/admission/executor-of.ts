import { type SchedulerState } from './scheduler-state.ts';

/** The executor that holds this run; `undefined` when none does. */
export const executorOf = (state: SchedulerState, runId: string): string | undefined => {
  const run = state.runs.find(runId);
  return run === undefined ? undefined : state.holdings.get(run)?.executor.id;
};
