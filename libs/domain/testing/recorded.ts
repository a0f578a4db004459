import { type RunDispatched, type RunEvent } from '@millrace/contracts';
import {
  attemptFailed,
  attemptLost,
  cancelled,
  cancelRequested,
  completed,
  failed,
  rejected,
  retryScheduled,
} from '@millrace/testkit';
import { type Decision } from '../src/admission/decisions.ts';
import { type Ending } from '../src/admission/scheduler-state.ts';

/** What the scheduler says about a run that waits names no attempt. */
export const withoutAttempt = (event: RunEvent): RunEvent => {
  const copy = { ...event };
  Reflect.deleteProperty(copy, 'attempt');
  return copy;
};

/** What becomes an event. */
type Recorded = Exclude<Decision, { readonly type: 'tell' }>;
export const isRecorded = (decision: Decision): decision is Recorded => decision.type !== 'tell';

const REFUSALS: readonly Ending[] = ['rejected', 'skipped', 'debounced', 'queue_full'];

/** How a decision is recorded. */
export const eventOf = (decision: Recorded, workflow: string, nowMs = 0): RunEvent => {
  const { runId } = decision;
  if (decision.type === 'lose') {
    return attemptLost({ runId, workflow, attempt: decision.attempt, executor: decision.executor });
  }
  if (decision.type === 'retry') {
    const { attempt, delayMs } = decision;
    const notBefore = new Date(nowMs + delayMs).toISOString();
    return retryScheduled({ runId, workflow, attempt, notBefore, delayMs });
  }
  if (decision.type === 'cancel') return cancelRequested({ runId, workflow });
  const { ending } = decision;
  if (ending === 'cancelled' || ending === 'superseded') return withoutAttempt(cancelled({ runId, workflow }));
  return withoutAttempt(REFUSALS.includes(ending) ? rejected({ runId, workflow }) : failed({ runId, workflow }));
};

/** How an attempt ends, in one of the ways that an executor has. */
export const lastWord = ({ subject: runId, workflow, attempt = 0, data }: RunDispatched, n: number): RunEvent => {
  const its = { runId, workflow, attempt };
  if (n % 4 === 0) return completed(its);
  if (n % 4 === 1) return attemptLost({ ...its, executor: data.executor });
  return data.retryOnFailure ? attemptFailed(its) : failed(its);
};
