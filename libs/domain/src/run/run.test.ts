import { executorSource, type RunEvent } from '@millrace/contracts';
import {
  attemptFailed,
  attemptLost,
  cancelled,
  cancelRequested,
  completed,
  dispatched,
  failed,
  given,
  progressed,
  rejected,
  requested,
  responded,
  started,
  timedOut,
} from '@millrace/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evolveRun, isSuperseded } from './evolve-run.ts';
import { runDecider } from './run-decider.ts';
import { FORGIVEN_LOSSES_MAX, isOpen, type RunState } from './run-state.ts';

const retried = requested({ policy: { timeoutMs: 1, onLimit: 'queue', retries: { failed: 1, lost: 1 } } });
const fold = (...events: RunEvent[]): RunState | undefined => events.reduce(evolveRun, undefined);
const statusOf = (...events: RunEvent[]): string | undefined => fold(...events)?.status;
const second = { attempt: 2 };
/** What the scheduler says about a run that waits names no attempt. */
const withoutAttempt = (event: RunEvent): RunEvent => {
  const copy = { ...event };
  Reflect.deleteProperty(copy, 'attempt');
  return copy;
};

describe('evolveRun', () => {
  test('follows a run to its end', () => {
    expect(statusOf(requested())).toBe('waiting');
    expect(fold(requested(), dispatched())).toMatchObject({ status: 'dispatched', attempt: 1, executor: 'ex_test' });
    expect(statusOf(requested(), dispatched(), started(), progressed(), responded())).toBe('running');
    for (const [end, status] of [
      [completed(), 'completed'],
      [failed(), 'failed'],
      [cancelled(), 'cancelled'],
      [timedOut(), 'timed_out'],
    ] as const) {
      expect(statusOf(requested(), dispatched(), started(), end)).toBe(status);
    }
    expect(statusOf(requested(), withoutAttempt(rejected()))).toBe('rejected');
  });

  test('waits again after an attempt that was lost or failed, with fewer retries left', () => {
    expect(fold(retried, dispatched(), attemptLost())).toEqual({
      status: 'waiting',
      attempt: 1,
      executor: undefined,
      retriesLeft: { failed: 1, lost: 0 },
      forgivenLeft: FORGIVEN_LOSSES_MAX,
      isCancelRequested: false,
    });
    expect(fold(retried, dispatched(), started(), attemptFailed(), dispatched(second))).toMatchObject({
      status: 'dispatched',
      attempt: 2,
      retriesLeft: { failed: 0, lost: 1 },
      forgivenLeft: FORGIVEN_LOSSES_MAX,
    });
  });

  test('forgives losses that may be the fault of others, a few of them', () => {
    const losses = (count: number): RunEvent[] =>
      Array.from({ length: count }, (_, index) => [
        dispatched({ attempt: index + 1 }),
        attemptLost({ attempt: index + 1, counted: false }),
      ]).flat();
    expect(fold(retried, ...losses(FORGIVEN_LOSSES_MAX))).toMatchObject({
      attempt: FORGIVEN_LOSSES_MAX,
      forgivenLeft: 0,
      retriesLeft: { failed: 1, lost: 1 },
    });
    expect(fold(retried, ...losses(FORGIVEN_LOSSES_MAX + 1))).toMatchObject({ retriesLeft: { failed: 1, lost: 0 } });
  });

  test('A4: a result that was recorded before the attempt was lost wins, one recorded after it changes nothing', () => {
    expect(statusOf(retried, dispatched(), started(), completed(), attemptLost())).toBe('completed');
    expect(statusOf(retried, dispatched(), started(), attemptLost(), completed())).toBe('waiting');
    expect(statusOf(retried, dispatched(), attemptLost(), dispatched(second), completed())).toBe('dispatched');
    expect(statusOf(retried, dispatched(), attemptLost(), dispatched(second), completed(second))).toBe('completed');
  });

  test('A4: what another executor says about an attempt changes nothing', () => {
    const running = [
      retried,
      dispatched({ executor: 'ex_mine' }),
      started({ source: executorSource('ex_mine') }),
    ] as const;
    for (const build of [completed, failed, cancelled, timedOut, attemptFailed, attemptLost, progressed, responded]) {
      expect(isSuperseded(fold(...running), build({ source: executorSource('ex_other') }))).toBe(true);
      expect(isSuperseded(fold(...running), build({ source: executorSource('ex_mine') }))).toBe(false);
    }
    expect(isSuperseded(fold(...running), attemptLost({ source: '/millrace/scheduler/one' }))).toBe(false);
    const waiting = [...running, attemptLost({ source: executorSource('ex_mine') })] as const;
    for (const end of [failed(), cancelled(), completed()]) {
      const forged = { ...withoutAttempt(end), source: executorSource('ex_mine') };
      expect(isSuperseded(fold(...waiting), forged)).toBe(true);
    }
  });

  test('between attempts only the word of the scheduler counts, which names none', () => {
    const waiting = [retried, dispatched(), attemptLost()] as const;
    for (const end of [failed(), cancelled()]) {
      expect(isSuperseded(fold(...waiting), end)).toBe(true);
      expect(isSuperseded(fold(...waiting), withoutAttempt(end))).toBe(false);
    }
    expect(isSuperseded(fold(...waiting), started())).toBe(true);
    expect(isSuperseded(fold(...waiting), attemptLost())).toBe(true);
    expect(isSuperseded(fold(...waiting), dispatched())).toBe(true);
    expect(isSuperseded(fold(...waiting), dispatched({ attempt: 3 }))).toBe(true);
  });

  test('a run that was never requested does not come to be, and one that was is not requested again', () => {
    expect(fold(dispatched(), completed())).toBeUndefined();
    expect(isSuperseded(fold(requested()), requested())).toBe(true);
  });

  test('A4: never leaves a terminal state, and never skips an attempt, whatever the events', () => {
    const attempt = fc.constantFrom(1, 2, 3);
    const event = fc.oneof(
      fc.constantFrom<RunEvent>(retried, cancelRequested(), withoutAttempt(cancelled()), withoutAttempt(failed())),
      fc
        .tuple(
          fc.constantFrom(
            dispatched,
            started,
            progressed,
            responded,
            attemptFailed,
            attemptLost,
            completed,
            failed,
            timedOut,
          ),
          attempt,
        )
        .map(([build, of]) => build({ attempt: of }) as RunEvent),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        let run: RunState | undefined;
        for (const next of events) {
          const before = run;
          run = evolveRun(run, next);
          if (before !== undefined && !isOpen(before.status)) expect(run).toBe(before);
          expect((run?.attempt ?? 0) - (before?.attempt ?? 0)).toBeOneOf([0, 1]);
          if (isSuperseded(before, next)) expect(run).toBe(before);
        }
      }),
    );
  });
});

describe('run decider: RequestCancel', () => {
  const event = cancelRequested();
  const cancel = { type: 'RequestCancel', event } as const;

  test('asks for an open run', () => {
    expect(given(runDecider, requested()).when(cancel)).toEqual([event]);
    expect(given(runDecider, requested(), dispatched(), started()).when(cancel)).toEqual([event]);
  });

  test('is a no-op when it was asked already, or is cancelled', () => {
    expect(given(runDecider, requested(), cancelRequested()).when(cancel)).toEqual([]);
    expect(given(runDecider, requested(), withoutAttempt(cancelled())).when(cancel)).toEqual([]);
  });

  test('refuses a run that was never requested, or is over', () => {
    expect(given(runDecider).refusal(cancel)).toBe('run.unknown');
    expect(given(runDecider, requested(), dispatched(), completed()).refusal(cancel)).toBe('run.ended');
  });
});
