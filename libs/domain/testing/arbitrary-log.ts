import { executorSource, type RunEvent, type RunPolicy } from '@millrace/contracts';
import {
  attemptFailed,
  attemptLost,
  cancelled,
  cancelRequested,
  completed,
  dispatched,
  requested,
  retryScheduled,
} from '@millrace/testkit';
import fc from 'fast-check';
import { withoutAttempt } from './recorded.ts';

/** An event of the log, where it stands and when the log stored it. */
export interface Placed {
  readonly event: RunEvent;
  readonly sequence: number;
  readonly atMs: number;
}

export const LOG_BEGAN_MS = Date.parse('2026-01-02T03:04:05Z');
const TRIGGER = { id: 'nightly', method: 'GET', path: '/', verified: 'schedule' };
const STEP_MS = 400;
const RUNS = 40;
const RETRIES = { failed: 1, lost: 2 };
const QUEUED = { timeoutMs: 1_000, onLimit: 'queue', retries: RETRIES } as const;

/** One of each kind that there is; every other run is of a version that is tried only once. */
const POLICIES: readonly RunPolicy[] = [
  QUEUED,
  { ...QUEUED, concurrency: 1 },
  { ...QUEUED, keyConcurrency: 1 },
  { ...QUEUED, onLimit: 'reject' },
  { ...QUEUED, onLimit: 'skip', concurrency: 1 },
  { ...QUEUED, onLimit: 'cancel_previous', keyConcurrency: 1 },
  { ...QUEUED, onLimit: 'cancel_previous', concurrency: 2 },
  { ...QUEUED, rate: { limit: 2, periodMs: 5_000 } },
  { ...QUEUED, debounce: { periodMs: 1_500, maxMs: 4_000 } },
  { ...QUEUED, queueLimit: 1, concurrency: 1 },
  { ...QUEUED, pool: 'gpu' },
  { ...QUEUED, retries: { ...RETRIES, backoff: { firstMs: 2_000, factor: 2, maxMs: 60_000, jitter: 0.5 } } },
];

const after = (ms: number): string => new Date(LOG_BEGAN_MS + ms).toISOString();

const requestOf = (runId: string, n: number): RunEvent => {
  const kind = n % POLICIES.length;
  const policy: RunPolicy = POLICIES[kind] ?? QUEUED;
  const key = `key ${n % 3}`;
  return requested({
    runId,
    workflow: `a/w${kind}`,
    policy: n % 2 === 0 ? policy : { ...policy, retries: { failed: 0, lost: 0 } },
    ...(policy.keyConcurrency === undefined ? {} : { concurrencyKey: key }),
    ...(policy.debounce === undefined ? {} : { debounceKey: key }),
    ...(n % 4 === 0 ? { priority: (n % 21) - 10 } : {}),
    ...(n % 7 === 0 ? { notBefore: after(n * 10) } : {}),
    ...(n % 11 === 0 ? { scheduledFor: after(n), trigger: TRIGGER } : {}),
  });
};

/** Mostly the same one for a run. */
const executorOf = (n: number, run: number): string => `ex${n % 8 === 1 ? 9 : run % 3}`;

/** What is said about a run whose attempts so far are known; may be superseded, or nonsense. */
const eventOf = (runId: string, attempts: number, { what, n, run }: Step): RunEvent => {
  const executor = executorOf(n, run);
  const its = { runId, workflow: 'a/a', attempt: Math.max(1, attempts - (n % 8 === 0 ? 1 : 0)) };
  const said = { ...its, source: executorSource(executor) };
  switch (what) {
    case 1:
    case 2:
      return dispatched({ ...its, attempt: attempts + 1, executor });
    case 3:
      return attemptFailed(said);
    case 4:
      return attemptLost({ ...its, executor, ...(n % 3 === 0 ? { counted: false } : {}) });
    case 5:
      return retryScheduled({ ...its, notBefore: after(n * 20), delayMs: 1_000 });
    case 6:
      return cancelRequested({ runId, workflow: 'a/a' });
    case 7:
      return completed(said);
    default:
      return withoutAttempt(cancelled(its));
  }
};

interface Step {
  readonly what: number;
  readonly n: number;
  readonly run: number;
}

const KINDS = 8;
const aStep = fc.record({ what: fc.nat(KINDS), n: fc.nat(1_000), run: fc.nat(RUNS - 1) });

const placed = (steps: readonly Step[]): readonly Placed[] => {
  const attempts = new Map<string, number>();
  const events = steps.map((step): RunEvent => {
    const runId = `00000000-0000-7000-8000-${String(step.run).padStart(12, '0')}`;
    const known = attempts.get(runId);
    if (known === undefined || step.what === 0) {
      attempts.set(runId, known ?? 0);
      return requestOf(runId, step.n);
    }
    const event = eventOf(runId, known, step);
    if (event.type === 'dev.millrace.run.dispatched.v1') attempts.set(runId, known + 1);
    return event;
  });
  return events.map((event, index) => ({ event, sequence: index + 1, atMs: LOG_BEGAN_MS + index * STEP_MS }));
};

/** Events of every type in any order, mostly such as make sense, of runs with every policy. */
export const arbitraryLog = fc.array(aStep, { minLength: 5, maxLength: 120, size: 'max' }).map(placed);
