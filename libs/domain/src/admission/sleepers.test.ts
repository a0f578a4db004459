import { attemptFailed, cancelRequested, completed, dispatched, requested, retryScheduled } from '@millrace/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AdmissionFixture } from '../../testing/admission-fixture.ts';
import { retryDelay } from './retry-delay.ts';
import { NO_RUN, RunTable } from './run-table.ts';
import { Sleepers } from './sleepers.ts';
import { takeAlarms, wakeDue, wakeRun } from './wake.ts';

const BACKOFF = { firstMs: 1_000, factor: 2, maxMs: 10_000, jitter: 0 };
const RETRIED = { retries: { failed: 3, lost: 0, backoff: BACKOFF } };
const iso = (ms: number): string => new Date(ms).toISOString();

/** One run whose first attempt has just failed. */
const failedOnce = (): AdmissionFixture => {
  const world = new AdmissionFixture(1);
  world.beat('ex_test');
  world.request('run1', 'a/a', RETRIED);
  world.start();
  world.record(attemptFailed({ runId: 'run1', attempt: 1, source: '/millrace/executor/ex_test' }));
  return world;
};

describe('a run whose attempt failed and that has pauses', () => {
  test('takes no slot, is told when to go on, and goes on then', () => {
    const world = failedOnce();
    expect(world.take()).toEqual([{ type: 'retry', runId: 'run1', attempt: 1, delayMs: 1_000 }]);
    expect(world.state.holdings.size).toBe(0);
    world.record(retryScheduled({ runId: 'run1', attempt: 1, notBefore: iso(5_000) }));
    expect(world.start()).toEqual([]);
    expect(wakeDue(world.state, 4_999)).toBe(0);
    expect(wakeDue(world.state, 5_000)).toBe(1);
    expect(world.start()).toEqual(['run1']);
  });

  test('is woken by its alarm, once, and by no other', () => {
    const world = failedOnce();
    world.record(retryScheduled({ runId: 'run1', attempt: 1, notBefore: iso(5_000) }));
    expect(takeAlarms(world.state)).toEqual([{ runId: 'run1', attempt: 1, dueMs: 5_000 }]);
    expect(takeAlarms(world.state)).toEqual([]);
    expect(wakeRun(world.state, { runId: 'run1', attempt: 2 })).toBe(false);
    expect(wakeRun(world.state, { runId: 'run2', attempt: 1 })).toBe(false);
    expect([1, 2].map(() => wakeRun(world.state, { runId: 'run1', attempt: 1 }))).toEqual([true, false]);
  });

  test('is cancelled at once, before and after it was told when to go on', () => {
    for (const told of [false, true]) {
      const world = failedOnce();
      if (told) world.record(retryScheduled({ runId: 'run1', attempt: 1, notBefore: iso(5_000) }));
      world.record(cancelRequested({ runId: 'run1' }));
      expect(world.take()).toEqual([{ type: 'end', runId: 'run1', ending: 'cancelled' }]);
      world.record(retryScheduled({ runId: 'run1', attempt: 1, notBefore: iso(5_000) }));
      expect([world.state.sleepers.size, wakeDue(world.state, 9_000)]).toEqual([0, 0]);
    }
  });

  test('begins its next attempt when another leader said so', () => {
    const world = failedOnce();
    world.record(retryScheduled({ runId: 'run1', attempt: 1, notBefore: iso(5_000) }));
    world.record(dispatched({ runId: 'run1', attempt: 2, executor: 'ex_test' }));
    expect([world.state.sleepers.size, world.state.holdings.size]).toEqual([0, 1]);
    world.record(completed({ runId: 'run1', attempt: 2, source: '/millrace/executor/ex_test' }));
    expect(world.state.runs.size).toBe(0);
  });

  test('is decided about again by whoever begins to lead before that was recorded', () => {
    const world = failedOnce();
    world.take();
    const later = new AdmissionFixture(1);
    later.record(
      requested({ runId: 'run1', policy: { timeoutMs: 1, onLimit: 'queue', ...RETRIED } }),
      dispatched({ runId: 'run1', attempt: 1, executor: 'ex_test' }),
      attemptFailed({ runId: 'run1', attempt: 1, source: '/millrace/executor/ex_test' }),
    );
    expect(later.take()).toEqual([{ type: 'retry', runId: 'run1', attempt: 1, delayMs: 1_000 }]);
  });
});

describe('a run that is not to start before a time', () => {
  const delayed = (notBefore: string): AdmissionFixture => {
    const world = new AdmissionFixture(1);
    world.beat('ex_test');
    world.record(requested({ runId: 'run1', notBefore }));
    return world;
  };

  test('waits for it without a slot, and starts then', () => {
    const world = delayed(iso(5_000));
    expect(world.start()).toEqual([]);
    expect(takeAlarms(world.state)).toEqual([{ runId: 'run1', attempt: 0, dueMs: 5_000 }]);
    expect(wakeRun(world.state, { runId: 'run1', attempt: 0 })).toBe(true);
    expect(world.start()).toEqual(['run1']);
  });

  test('starts at once when the time cannot be read', () => {
    const world = delayed('soon');
    expect(wakeDue(world.state, 1)).toBe(1);
    expect(world.start()).toEqual(['run1']);
  });

  test('ends at once when it is cancelled', () => {
    const world = delayed(iso(5_000));
    world.record(cancelRequested({ runId: 'run1' }));
    expect(world.take()).toEqual([{ type: 'end', runId: 'run1', ending: 'cancelled' }]);
    expect(world.state.sleepers.size).toBe(0);
  });
});

test('the last instant of a schedule is what the log says, whatever comes again', () => {
  const world = new AdmissionFixture(1);
  const trigger = { id: 'nightly', method: 'SCHEDULE', path: '', verified: 'schedule' };
  for (const [runId, ms] of [
    ['run1', 5_000],
    ['run2', 3_000],
  ] as const) {
    world.record(requested({ runId, workflow: 'a/a', trigger, scheduledFor: iso(ms) }));
  }
  expect([...world.state.fired]).toEqual([['default/a/a.nightly', 5_000]]);
});

describe('the pause before the next attempt', () => {
  const its = { runId: 'run1', attempt: 1 };
  test('grows by the factor up to the maximum', () => {
    expect([1, 2, 3, 4, 5, 99].map((failures) => retryDelay(BACKOFF, failures, its))).toEqual([
      1_000, 2_000, 4_000, 8_000, 10_000, 10_000,
    ]);
  });

  test('is shortened by chance, never beyond its share, and the same for the same attempt', () => {
    const backoff = { ...BACKOFF, jitter: 0.5 };
    const delays = Array.from({ length: 200 }, (_, n) => retryDelay(backoff, 1, { runId: `run${n}`, attempt: 1 }));
    for (const delay of delays) expect([delay >= 500, delay <= 1_000]).toEqual([true, true]);
    expect(Math.max(...delays) - Math.min(...delays)).toBeGreaterThan(400);
    expect(retryDelay(backoff, 1, its)).toBe(retryDelay(backoff, 1, its));
  });
});

test('whoever is due first comes first, whoever left in between', () => {
  const step = fc.oneof(
    fc.record({ add: fc.nat(50) }),
    fc.record({ remove: fc.nat(1_000) }),
    fc.constant({ take: true } as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const runs = new RunTable();
      const sleepers = new Sleepers(runs);
      const model: { run: number; due: number; n: number }[] = [];
      const inOrder = () => model.sort((a, b) => a.due - b.due || a.n - b.n);
      for (const [n, what] of steps.entries()) {
        if ('add' in what) {
          const run = runs.add(`run${n}`, { sequence: n, index: 0 });
          sleepers.add(run, what.add);
          model.push({ run, due: what.add, n });
        } else {
          const index = 'remove' in what ? what.remove % Math.max(1, model.length) : 0;
          const [gone] = inOrder().splice(index, 1);
          if (gone !== undefined) sleepers.remove(gone.run);
        }
        expect(sleepers.first).toBe(inOrder()[0]?.run ?? NO_RUN);
        expect(sleepers.size).toBe(model.length);
      }
    }),
  );
});
