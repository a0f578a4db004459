import { randomUUID } from 'node:crypto';
import { type RunEventData, type RunEventOf, type RunEventType } from '@millrace/contracts';
import { makeIds } from '@millrace/runtime';

const ids = makeIds();
const ENVELOPE = [
  'id',
  'source',
  'subject',
  'time',
  'workspace',
  'workflow',
  'attempt',
  'traceparent',
  'causationid',
] as const;
type EnvelopeName = (typeof ENVELOPE)[number];

/** What a test cares about: members of the envelope and of the data, side by side; `runId` is the subject. */
export type EventOverrides<Type extends RunEventType> = Partial<Pick<RunEventOf<Type>, EnvelopeName>> &
  Partial<RunEventData<Type>> & { readonly runId?: string };

/** A run id like the product makes them. */
export const aRunId = (): string => ids.runId();
export const aTraceparent = (): string => `00-${ids.traceId()}-${ids.spanId()}-01`;

const isEnvelope = (name: string): boolean => (ENVELOPE as readonly string[]).includes(name);

const builder =
  <Type extends RunEventType>(type: Type, defaults: RunEventData<Type>, attempt?: number) =>
  ({ runId, ...overrides }: EventOverrides<Type> = {}): RunEventOf<Type> => {
    const given = Object.entries(overrides);
    return {
      specversion: '1.0',
      id: randomUUID(),
      source: '/millrace/test',
      type,
      subject: runId ?? ids.runId(),
      time: '2026-01-02T03:04:05.678Z',
      datacontenttype: 'application/json',
      workspace: 'default',
      workflow: 'tests/example',
      ...(attempt === undefined ? {} : { attempt }),
      traceparent: aTraceparent(),
      ...Object.fromEntries(given.filter(([name]) => isEnvelope(name))),
      data: { ...defaults, ...Object.fromEntries(given.filter(([name]) => !isEnvelope(name))) },
    };
  };

const VERSION = 'a'.repeat(64);
const EXECUTOR = 'ex_test';
const POLICY = { timeoutMs: 60_000, onLimit: 'queue', retries: { failed: 0, lost: 0 } } as const;
const EXIT_1 = { error: { code: 'exit_code', message: 'ended with exit code 1' }, exitCode: 1 };

/** Each gives one valid event; name what the test is about, the rest is filled in. */
export const requested = builder('dev.millrace.run.requested.v1', {
  version: VERSION,
  kind: 'script',
  input: {},
  env: {},
  policy: POLICY,
  dialect: 'native',
  requestedBy: 'configured',
});
export const dispatched = builder(
  'dev.millrace.run.dispatched.v1',
  {
    executor: EXECUTOR,
    version: VERSION,
    kind: 'script',
    input: {},
    env: {},
    timeoutMs: 60_000,
    retryOnFailure: false,
  },
  1,
);
export const started = builder('dev.millrace.run.started.v1', { executor: EXECUTOR, pid: 4242 }, 1);
export const responded = builder('dev.millrace.run.responded.v1', { response: { early: true } }, 1);
export const progressed = builder('dev.millrace.run.progressed.v1', { percent: 50 }, 1);
export const cancelRequested = builder('dev.millrace.run.cancel.requested.v1', { requestedBy: 'configured' });
export const attemptFailed = builder('dev.millrace.run.attempt.failed.v1', EXIT_1, 1);
export const retryScheduled = builder(
  'dev.millrace.run.retry.scheduled.v1',
  { notBefore: '2026-01-02T03:04:15.678Z', delayMs: 10_000 },
  1,
);
export const attemptLost = builder('dev.millrace.run.attempt.lost.v1', { executor: EXECUTOR, reason: 'silent' }, 1);
export const completed = builder('dev.millrace.run.completed.v1', { output: { ok: true }, exitCode: 0 }, 1);
export const failed = builder('dev.millrace.run.failed.v1', EXIT_1, 1);
export const cancelled = builder('dev.millrace.run.cancelled.v1', { reason: 'asked' }, 1);
export const timedOut = builder(
  'dev.millrace.run.timed_out.v1',
  { error: { code: 'timeout', message: 'took longer than 60 s' }, signal: 'SIGKILL' },
  1,
);
export const rejected = builder('dev.millrace.run.rejected.v1', {
  error: { code: 'limit', message: 'the limit is reached' },
});
