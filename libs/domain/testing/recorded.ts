import { type RunDispatched, type RunEvent } from '@millrace/contracts';
import { attemptFailed, attemptLost, cancelled, completed, failed, rejected } from '@millrace/testkit';
import { type Decision } from '../src/admission/decisions.ts';

/** What the scheduler says about a run that waits names no attempt. */
export const withoutAttempt = (event: RunEvent): RunEvent => {
  const copy = { ...event };
  Reflect.deleteProperty(copy, 'attempt');
  return copy;
};

/** How a decision is recorded. */
export const eventOf = (decision: Decision, workflow: string): RunEvent => {
  const { runId } = decision;
  if (decision.type === 'lose') {
    return attemptLost({ runId, workflow, attempt: decision.attempt, executor: decision.executor });
  }
  if (decision.ending === 'cancelled') return withoutAttempt(cancelled({ runId, workflow }));
  return withoutAttempt(decision.ending === 'rejected' ? rejected({ runId, workflow }) : failed({ runId, workflow }));
};

/** How an attempt ends, in one of the ways that an executor has. */
export const lastWord = ({ subject: runId, workflow, attempt = 0, data }: RunDispatched, n: number): RunEvent => {
  const its = { runId, workflow, attempt };
  if (n % 4 === 0) return completed(its);
  if (n % 4 === 1) return attemptLost({ ...its, executor: data.executor });
  return data.retryOnFailure ? attemptFailed(its) : failed(its);
};
