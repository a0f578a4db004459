import {
  type RunDispatched,
  type RunError,
  type RunEvent,
  type RunEventData,
  type RunEventOf,
  type RunEventType,
  type RunRequested,
} from '@millrace/contracts';
import {
  type CancelRun,
  type Dispatch,
  type EndRun,
  type Ending,
  type LoseAttempt,
  type RetryRun,
} from '@millrace/domain';

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

/** When the attempt after one that failed may begin. */
export const retryScheduledEvent = (
  voice: Voice,
  { runId, workspace, workflow, attempt, delayMs }: RetryRun,
): RunEvent =>
  say(
    voice,
    { runId, workspace, workflow },
    {
      type: 'dev.millrace.run.retry.scheduled.v1',
      id: `${runId}.${attempt}.retry`,
      attempt,
      data: { notBefore: new Date(voice.nowMs + delayMs).toISOString(), delayMs },
    },
  );

/** A run that holds a slot is asked to end, as anybody may ask it. */
export const supersededEvent = (voice: Voice, { runId, workspace, workflow, successor }: CancelRun): RunEvent =>
  say(
    voice,
    { runId, workspace, workflow },
    {
      type: 'dev.millrace.run.cancel.requested.v1',
      id: `${runId}.superseded`,
      data: { requestedBy: 'scheduler', reason: `run ${successor} takes its place` },
    },
  );

type Cancelled = 'cancelled' | 'superseded';

const ERRORS: Readonly<Record<Exclude<Ending, Cancelled>, RunError>> = {
  rejected: { code: 'limit', message: 'the limit of runs at the same time is reached' },
  executor_lost: {
    code: 'executor_lost',
    message: 'the executor was lost, and the retries of this workflow are used up',
  },
  attempts_used_up: { code: 'attempts_used_up', message: 'the attempt failed, and it was the last one' },
  skipped: { code: 'skipped', message: 'the limit was reached, and the workflow skips a run then' },
  debounced: { code: 'debounced', message: 'a later run of the same key takes its place' },
  queue_full: { code: 'queue_full', message: 'too many runs of this workflow wait already' },
  request_expired: { code: 'request_expired', message: 'the run waited longer than the log keeps its request' },
};

/** What the rules of admission decided: the run never started. */
const REFUSALS: ReadonlySet<Ending> = new Set(['rejected', 'skipped', 'debounced', 'queue_full']);

/** The end of a run that waits; it names no attempt, because none is going on. */
export const endedEvent = (voice: Voice, decision: EndRun): RunEvent => {
  const { ending, runId, successor } = decision;
  const id = `${runId}.${ending}`;
  if (ending === 'cancelled' || ending === 'superseded') {
    const reason = ending === 'cancelled' ? 'cancelled while it waited' : `run ${successor ?? ''} takes its place`;
    return say(voice, decision, { type: 'dev.millrace.run.cancelled.v1', id, data: { reason } });
  }
  const { code, message } = ERRORS[ending];
  const data = { error: { code, message: successor === undefined ? message : `${message}: ${successor}` } };
  return REFUSALS.has(ending)
    ? say(voice, decision, { type: 'dev.millrace.run.rejected.v1', id, data })
    : say(voice, decision, { type: 'dev.millrace.run.failed.v1', id, data });
};
