import { type Position } from '@millrace/contracts';
import { type Holding } from './executor-record.ts';
import { retryDelay } from './retry-delay.ts';
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
  /** Id of the run that takes its place. */
  readonly successor?: string;
}

/** An attempt that is given up. */
export interface LoseAttempt extends Decided {
  readonly type: 'lose';
  readonly attempt: number;
  readonly executor: string;
  readonly reason: string;
}

/** The pause before the attempt that follows one that failed. */
export interface RetryRun extends Decided {
  readonly type: 'retry';
  /** The one that failed. */
  readonly attempt: number;
  readonly delayMs: number;
}

/** A run that holds a slot is asked to end, because another one takes its place. */
export interface CancelRun extends Decided {
  readonly type: 'cancel';
  readonly successor: string;
}

/** Whoever asked for the run hears that it waits. Nothing is recorded. */
export interface TellWaiting extends Decided {
  readonly type: 'tell';
}

/** What the scheduler has to say besides dispatches; it takes effect once it is read back from the log. */
export type Decision = EndRun | LoseAttempt | RetryRun | CancelRun | TellWaiting;

const decided = (state: SchedulerState, run: Run): Decided => {
  const { workspace, path } = state.workflowOf(run);
  return { runId: state.runs.id(run), workspace, workflow: path, position: state.runs.position(run) };
};

const endOf = (state: SchedulerState, run: Run, ending: Ending): EndRun => {
  const successor = state.successors.get(run);
  return { type: 'end', ...decided(state, run), ending, ...(successor === undefined ? {} : { successor }) };
};

const cancelOf = (state: SchedulerState, run: Run): CancelRun => ({
  type: 'cancel',
  ...decided(state, run),
  successor: state.successors.get(run) ?? '',
});

const lossOf = (state: SchedulerState, { run, executor, lostReason }: Holding): LoseAttempt => ({
  type: 'lose',
  ...decided(state, run),
  attempt: state.runs.attempt.get(run),
  executor: executor.id,
  reason: lostReason ?? '',
});

const retryOf = (state: SchedulerState, run: Run): RetryRun => {
  const attempt = state.runs.attempt.get(run);
  const { backoff } = state.policyOf(run).retries;
  const chance = { runId: state.runs.id(run), attempt };
  const delayMs = backoff === undefined ? 0 : retryDelay(backoff, state.runs.failed.get(run), chance);
  return { type: 'retry', ...decided(state, run), attempt, delayMs };
};

/** Every decision that was not taken yet, once. Only the leader takes them: whoever follows finds the same ones when it begins to lead. */
export const takeDecisions = (state: SchedulerState): readonly Decision[] => {
  const { endings, losses, retries, cancellations, asking } = state;
  if (endings.size + losses.size + retries.size + cancellations.size + asking.size === 0) return [];
  const decisions: Decision[] = [];
  for (const [run, ending] of endings) decisions.push(endOf(state, run, ending));
  for (const run of cancellations) decisions.push(cancelOf(state, run));
  for (const run of asking) if (!endings.has(run)) decisions.push({ type: 'tell', ...decided(state, run) });
  for (const holding of losses) decisions.push(lossOf(state, holding));
  for (const run of retries) decisions.push(retryOf(state, run));
  for (const told of [endings, cancellations, asking, losses, retries]) told.clear();
  return decisions;
};
