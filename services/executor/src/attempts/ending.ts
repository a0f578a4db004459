import { type RunEventData } from '@millrace/contracts';
import { type Outcome, type StopReason } from './execution.ts';

type EndingType =
  | 'dev.millrace.run.completed.v1'
  | 'dev.millrace.run.failed.v1'
  | 'dev.millrace.run.attempt.failed.v1'
  | 'dev.millrace.run.attempt.lost.v1'
  | 'dev.millrace.run.cancelled.v1'
  | 'dev.millrace.run.timed_out.v1';

/** Type and data of the last event of an attempt. */
export type Ending = {
  readonly [Type in EndingType]: { readonly type: Type; readonly data: RunEventData<Type> };
}[EndingType];

export interface EndingOf {
  readonly outcome: Outcome;
  /** What the execution had been asked for before it ended; then how it ended is a detail. */
  readonly stopped: StopReason | undefined;
  readonly executor: string;
  readonly timeoutMs: number;
  readonly retryOnFailure: boolean;
}

const exitOf = (outcome: Outcome): { readonly exitCode?: number; readonly signal?: string } => ({
  ...('exitCode' in outcome ? { exitCode: outcome.exitCode } : {}),
  ...('signal' in outcome ? { signal: outcome.signal } : {}),
});

/** Which event ends an attempt. */
export const endingOf = ({ outcome, stopped, executor, timeoutMs, retryOnFailure }: EndingOf): Ending => {
  if (stopped === 'cancelled') {
    const { exitCode } = exitOf(outcome);
    return { type: 'dev.millrace.run.cancelled.v1', data: exitCode === undefined ? {} : { exitCode } };
  }
  if (stopped === 'timed_out') {
    const error = { code: 'timeout', message: `took longer than ${timeoutMs / 1_000} s` };
    return { type: 'dev.millrace.run.timed_out.v1', data: { error, ...exitOf(outcome) } };
  }
  if (outcome.kind === 'lost') {
    const { reason, counted } = outcome;
    return { type: 'dev.millrace.run.attempt.lost.v1', data: { executor, reason, ...(counted ? {} : { counted }) } };
  }
  const result = { ...('output' in outcome ? { output: outcome.output } : {}), ...exitOf(outcome) };
  if (outcome.kind === 'completed') return { type: 'dev.millrace.run.completed.v1', data: result };
  const data = { ...result, error: outcome.error };
  return { type: retryOnFailure ? 'dev.millrace.run.attempt.failed.v1' : 'dev.millrace.run.failed.v1', data };
};
