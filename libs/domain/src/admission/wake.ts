import { enter } from './enter.ts';
import { type Run, NO_RUN, STANDING } from './run-table.ts';
import { type SchedulerState } from './scheduler-state.ts';

/** When a run that sleeps shall be woken. */
export interface Alarm {
  readonly runId: string;
  /** The last attempt; 0 before the first one. Names the alarm together with the run. */
  readonly attempt: number;
  /** Milliseconds since the epoch. */
  readonly dueMs: number;
}

const wake = (state: SchedulerState, run: Run): void => {
  state.rouse(run);
  enter(state, run);
};

/** An alarm rang: its run is ready. False when it was woken before, or is in another sleep, or over. */
export const wakeRun = (state: SchedulerState, { runId, attempt }: Pick<Alarm, 'runId' | 'attempt'>): boolean => {
  const run = state.runs.find(runId);
  if (run === undefined || state.runs.standing.get(run) !== STANDING.sleeping) return false;
  if (state.runs.attempt.get(run) !== attempt) return false;
  wake(state, run);
  return true;
};

/** Wakes everybody whose time has come, whether or not an alarm rang. Returns how many. */
export const wakeDue = (state: SchedulerState, nowMs: number): number => {
  const { sleepers, runs } = state;
  let woken = 0;
  for (let run = sleepers.first; run !== NO_RUN && runs.dueMs.get(run) <= nowMs; run = sleepers.first) {
    wake(state, run);
    woken += 1;
  }
  return woken;
};

/** Every alarm that nobody was asked for yet, once. Whoever begins to lead finds those of all that sleep. */
export const takeAlarms = (state: SchedulerState): readonly Alarm[] => {
  if (state.unarmed.size === 0) return [];
  const { runs, unarmed } = state;
  const alarms = [...unarmed].map((run) => ({
    runId: runs.id(run),
    attempt: runs.attempt.get(run),
    dueMs: runs.dueMs.get(run),
  }));
  unarmed.clear();
  return alarms;
};
