import { type Position } from '@millrace/contracts';
import { type Run } from './run-table.ts';
import { type Ending, type SchedulerState } from './scheduler-state.ts';

interface Decided {
  readonly runId: string;
  readonly workspace: string;
  readonly workflow: string;
  /** Where `run.requested` stands in the log. */
  readonly position: Position;
}

/** A run that is over without an attempt of its own going on. */
export interface EndRun extends Decided {
  readonly type: 'end';
  readonly ending: Ending;
}

/** An attempt that is given up. */
export interface LoseAttempt extends Decided {
  readonly type: 'lose';
  readonly attempt: number;
  readonly executor: string;
  readonly reason: string;
}

/** What the scheduler has to say besides dispatches; it takes effect once it is read back from the log. */
export type Decision = EndRun | LoseAttempt;

const decided = (state: SchedulerState, run: Run): Decided => {
  const { workspace, path } = state.workflowOf(run);
  return { runId: state.runs.id(run), workspace, workflow: path, position: state.runs.position(run) };
};

/** Every decision that was not taken yet, once. Only the leader takes them: whoever follows finds the same ones when it begins to lead. */
export const takeDecisions = (state: SchedulerState): readonly Decision[] => {
  if (state.endings.size === 0 && state.losses.size === 0) return [];
  const decisions: Decision[] = [];
  for (const [run, ending] of state.endings) decisions.push({ type: 'end', ...decided(state, run), ending });
  for (const { run, executor, lostReason } of state.losses) {
    decisions.push({
      type: 'lose',
      ...decided(state, run),
      attempt: state.runs.attempt.get(run),
      executor: executor.id,
      reason: lostReason ?? '',
    });
  }
  state.endings.clear();
  state.losses.clear();
  return decisions;
};
