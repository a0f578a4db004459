import {
  type RunDispatched,
  type RunError,
  type RunEvent,
  type RunEventData,
  type RunEventOf,
  type RunEventType,
  type RunRequested,
} from '@millrace/contracts';
import { type Dispatch, type EndRun, type Ending, type LoseAttempt } from '@millrace/domain';

/** Who speaks, and when. */
export interface Voice {
  /** `/millrace/scheduler/<instance>` */
  readonly source: string;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  readonly traceparent: string;
}

interface Subject {
  readonly runId: string;
  readonly workspace: string;
  readonly workflow: string;
}

interface Said<Type extends RunEventType> {
  readonly type: Type;
  /** Unique for what it says about the run: saying it again repeats it. */
  readonly id: string;
  readonly attempt?: number;
  readonly causationid?: string;
  readonly data: RunEventData<Type>;
}

const say = <Type extends RunEventType>(
  { source, nowMs, traceparent }: Voice,
  { runId, workspace, workflow }: Subject,
  { type, id, attempt, causationid, data }: Said<Type>,
): RunEventOf<Type> => ({
  specversion: '1.0',
  id,
  source,
  type,
  subject: runId,
  time: new Date(nowMs).toISOString(),
  datacontenttype: 'application/json',
  workspace,
  workflow,
  ...(attempt === undefined ? {} : { attempt }),
  traceparent,
  ...(causationid === undefined ? {} : { causationid }),
  data,
});

export const dispatchedEvent = (voice: Voice, dispatch: Dispatch, request: RunRequested): RunDispatched => {
  const { attempt, executor, retryOnFailure } = dispatch;
  const { version, kind, input, env, policy, replyTo, trigger, cloudEvent } = request.data;
  return say(voice, dispatch, {
    type: 'dev.millrace.run.dispatched.v1',
    id: `${dispatch.runId}.${attempt}.dispatched`,
    attempt,
    causationid: request.id,
    data: {
      executor,
      version,
      kind,
      input,
      env,
      timeoutMs: policy.timeoutMs,
      retryOnFailure,
      ...(replyTo === undefined ? {} : { replyTo }),
      ...(policy.deleteAfterUse === true ? { deleteAfterUse: true } : {}),
      ...(trigger === undefined ? {} : { trigger }),
      ...(cloudEvent === undefined ? {} : { cloudEvent }),
    },
  });
};

export const attemptLostEvent = (voice: Voice, decision: LoseAttempt): RunEvent =>
  say(voice, decision, {
    type: 'dev.millrace.run.attempt.lost.v1',
    id: `${decision.runId}.${decision.attempt}.lost`,
    attempt: decision.attempt,
    data: { executor: decision.executor, reason: decision.reason },
  });

const ERRORS: Readonly<Record<Exclude<Ending, 'cancelled'>, RunError>> = {
  rejected: { code: 'limit', message: 'the limit of runs at the same time is reached' },
  executor_lost: {
    code: 'executor_lost',
    message: 'the executor was lost, and the retries of this workflow are used up',
  },
  attempts_used_up: { code: 'attempts_used_up', message: 'the attempt failed, and it was the last one' },
  request_expired: { code: 'request_expired', message: 'the run waited longer than the log keeps its request' },
};

/** The end of a run that waits; it names no attempt, because none is going on. */
export const endedEvent = (voice: Voice, decision: EndRun): RunEvent => {
  const { ending, runId } = decision;
  const id = `${runId}.${ending}`;
  if (ending === 'cancelled') {
    const data = { reason: 'cancelled while it waited' };
    return say(voice, decision, { type: 'dev.millrace.run.cancelled.v1', id, data });
  }
  const data = { error: ERRORS[ending] };
  return ending === 'rejected'
    ? say(voice, decision, { type: 'dev.millrace.run.rejected.v1', id, data })
    : say(voice, decision, { type: 'dev.millrace.run.failed.v1', id, data });
};
