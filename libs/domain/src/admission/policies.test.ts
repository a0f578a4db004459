import { type RunPolicy } from '@millrace/contracts';
import {
  attemptFailed,
  attemptLost,
  cancelled,
  cancelRequested,
  completed,
  dispatched,
  requested,
} from '@millrace/testkit';
import { beforeEach, describe, expect, test } from 'vitest';
import { AdmissionFixture } from '../../testing/admission-fixture.ts';
import { withoutAttempt } from '../../testing/recorded.ts';
import { admit } from './admit.ts';
import { PRIORITY_CYCLE } from './turns.ts';
import { wakeDue } from './wake.ts';

let shard: AdmissionFixture;
beforeEach(() => {
  shard = new AdmissionFixture(100);
  shard.beat('ex1');
});

const ask = (runId: string, policy: Partial<RunPolicy>, key?: string, atMs = 0): void =>
  shard.recordAt(atMs, shard.requestOf(runId, policy, key === undefined ? {} : { concurrencyKey: key }));

describe('concurrency keys', () => {
  const its = { keyConcurrency: 1, concurrency: 2 };

  test('each key has a limit of its own, and the workflow one for all', () => {
    for (const [runId, key] of ['a1 a', 'a2 a', 'b1 b', 'c1 c'].map((text) => text.split(' ')))
      ask(runId ?? '', its, key);
    expect(shard.start()).toEqual(['a1', 'b1']);
    shard.record(completed({ runId: 'a1' }));
    expect(shard.start()).toEqual(['c1']);
    shard.record(completed({ runId: 'c1' }));
    expect(shard.start()).toEqual(['a2']);
  });

  test('runs of one key start in the order of their requests, whatever their priority', () => {
    for (const [index, runId] of ['1', '2', '3'].entries()) {
      shard.record(shard.requestOf(runId, { keyConcurrency: 1 }, { concurrencyKey: 'k', priority: index }));
    }
    for (const runId of ['1', '2', '3']) {
      expect(shard.start()).toEqual([runId]);
      shard.record(completed({ runId }));
    }
  });

  test('a key is forgotten with its last run', () => {
    ask('1', its, 'k');
    expect(shard.start()).toEqual(['1']);
    expect(shard.state.workflows[0]?.keyed.size).toBe(1);
    shard.record(completed({ runId: '1' }));
    expect(shard.state.workflows[0]?.keyed.size).toBe(0);
  });
});

describe('skip', () => {
  test('ends a run while as many of its key wait or run as may run', () => {
    const its = { onLimit: 'skip', keyConcurrency: 1 } as const;
    ask('1', its, 'k');
    ask('2', its, 'k');
    ask('3', its, 'other');
    expect(shard.start()).toEqual(['1', '3']);
    expect(shard.take()).toEqual([{ type: 'end', runId: '2', ending: 'skipped' }]);
    shard.record(completed({ runId: '1' }));
    ask('4', its, 'k');
    expect(shard.start()).toEqual(['4']);
  });

  test('tells who asked that the run waits, where only the server is full', () => {
    shard = new AdmissionFixture(0);
    shard.beat('ex1');
    ask('1', { onLimit: 'skip', concurrency: 1 });
    expect([shard.start(), shard.take()]).toEqual([[], [{ type: 'tell', runId: '1' }]]);
  });
});

describe('cancel_previous', () => {
  const its = { onLimit: 'cancel_previous', keyConcurrency: 1 } as const;

  test('asks the run that is there to end, and starts the new one when it has', () => {
    ask('1', its, 'k');
    expect(shard.start()).toEqual(['1']);
    ask('2', its, 'k');
    expect([shard.start(), shard.take()]).toEqual([[], [{ type: 'cancel', runId: '1', successor: '2' }]]);
    shard.record(cancelRequested({ runId: '1' }));
    expect(shard.beat('ex1').cancel).toEqual(['1']);
    expect(shard.start()).toEqual([]);
    shard.record(cancelled({ runId: '1' }));
    expect(shard.start()).toEqual(['2']);
  });

  test('ends those that wait at once: only the newest is left', () => {
    ask('1', its, 'k');
    expect(shard.start()).toEqual(['1']);
    for (const runId of ['2', '3']) ask(runId, its, 'k');
    expect(shard.take()).toEqual([
      { type: 'end', runId: '2', ending: 'superseded' },
      { type: 'cancel', runId: '1', successor: '2' },
    ]);
    shard.record(withoutAttempt(cancelled({ runId: '2' })), completed({ runId: '1' }));
    expect([shard.start(), shard.take()]).toEqual([['3'], []]);
  });

  test('a run that shall give way is not tried again, whatever becomes of its attempt', () => {
    for (const over of [attemptLost({ runId: '1' }), attemptFailed({ runId: '1' })]) {
      shard = new AdmissionFixture();
      shard.beat('ex1');
      ask('1', { ...its, retries: { failed: 3, lost: 3 } }, 'k');
      shard.start();
      ask('2', its, 'k');
      shard.record(over);
      expect(shard.take()).toEqual([{ type: 'end', runId: '1', ending: 'superseded' }]);
    }
  });

  test('holds for a dispatch of a leader that is gone and comes after it in the log', () => {
    ask('1', its, 'k');
    ask('2', its, 'k');
    shard.record(dispatched({ runId: '1', executor: 'ex1' }));
    expect(shard.take()).toEqual([{ type: 'cancel', runId: '1', successor: '2' }]);
  });

  test('leaves as many as may run', () => {
    for (const runId of ['1', '2', '3']) ask(runId, { onLimit: 'cancel_previous', concurrency: 2 });
    expect(shard.take()).toEqual([{ type: 'end', runId: '1', ending: 'superseded' }]);
    expect(shard.start()).toEqual(['2', '3']);
  });
});

describe('queue_limit', () => {
  test('ends those who came last, once it is known who starts', () => {
    for (const runId of ['1', '2', '3', '4']) ask(runId, { concurrency: 1, queueLimit: 1 });
    expect(shard.start()).toEqual(['1']);
    expect(shard.take()).toEqual([
      { type: 'end', runId: '4', ending: 'queue_full' },
      { type: 'end', runId: '3', ending: 'queue_full' },
      { type: 'tell', runId: '2' },
    ]);
  });

  test('never ends who was told to wait', () => {
    for (const runId of ['1', '2']) ask(runId, { concurrency: 1, queueLimit: 1 });
    shard.start();
    shard.take();
    shard.record(attemptLost({ runId: '1' }));
    expect(shard.take()).toEqual([{ type: 'end', runId: '1', ending: 'executor_lost' }]);
    shard.record(requested({ runId: '5' }));
    expect([shard.start(), shard.take()]).toEqual([['2', '5'], []]);
  });
});

describe('priority', () => {
  test('runs without a key start by priority, and in order inside it', () => {
    for (const [runId, priority] of [
      ['low', -1],
      ['1', 0],
      ['high', 5],
      ['2', 0],
    ] as const) {
      shard.record(shard.requestOf(runId, {}, { priority }));
    }
    expect(shard.start()).toEqual(['high', '1', '2', 'low']);
  });

  test('lower priorities have every tenth start, in turns', () => {
    for (let n = 0; n < 100; n += 1) {
      for (const [name, priority] of [
        ['high', 9],
        ['mid', 1],
        ['low', -9],
      ] as const) {
        shard.record(shard.requestOf(`${name}${n}`, {}, { priority }, `a/${name}`));
      }
    }
    const order = shard.start().map((runId) => runId.replace(/\d+/, ''));
    expect(order.slice(0, 2 * PRIORITY_CYCLE)).toEqual([
      ...Array.from({ length: 9 }, () => 'high'),
      'mid',
      ...Array.from({ length: 9 }, () => 'high'),
      'low',
    ]);
  });
});

describe('rate', () => {
  const its = { rate: { limit: 2, periodMs: 1_000 } };
  const startAt = (logMs: number): string[] =>
    admit(shard.state, 0, { logMs }).map(({ runId, attempt, executor }) => {
      shard.recordAt(logMs, dispatched({ runId, attempt, executor }));
      return runId;
    });

  test('is kept in every period, by the time of the log', () => {
    for (let n = 1; n <= 5; n += 1) ask(String(n), its, undefined, 10_000);
    expect(startAt(10_000)).toEqual(['1', '2']);
    expect(shard.state.queues.nextStartMs).toBe(11_000);
    expect(startAt(10_999)).toEqual([]);
    expect(startAt(11_000)).toEqual(['3', '4']);
    expect(startAt(12_500)).toEqual(['5']);
  });

  test('counts a start that was decided and not yet read back as one that is to come', () => {
    for (let n = 1; n <= 3; n += 1) ask(String(n), its, undefined, 10_000);
    const decided = admit(shard.state, 0, { logMs: 10_000 });
    expect(decided.map(({ runId }) => runId)).toEqual(['1', '2']);
    expect(admit(shard.state, 0, { logMs: 50_000 })).toEqual([]);
    for (const { runId, executor } of decided) shard.recordAt(50_000, dispatched({ runId, executor }));
    expect(startAt(50_999)).toEqual([]);
    expect(startAt(51_000)).toEqual(['3']);
  });

  test('is kept by who takes over', () => {
    const follower = new AdmissionFixture(100, 'follows');
    for (const runId of ['1', '2']) {
      follower.recordAt(10_000, shard.requestOf(runId, its));
      follower.recordAt(10_000, dispatched({ runId, executor: 'ex1' }));
    }
    follower.recordAt(10_000, shard.requestOf('3', its));
    follower.beat('ex1');
    expect(admit(follower.state, 0, { logMs: 10_999 })).toEqual([]);
    expect(admit(follower.state, 0, { logMs: 11_000 })).toHaveLength(1);
  });
});

describe('debounce', () => {
  const its = { debounce: { periodMs: 1_000, maxMs: 1_500 } };

  test('only the last of those starts that come within the period', () => {
    ask('1', its, undefined, 10_000);
    ask('2', its, undefined, 10_900);
    expect([shard.start(), shard.take()]).toEqual([[], [{ type: 'end', runId: '1', ending: 'debounced' }]]);
    expect(wakeDue(shard.state, 11_499)).toBe(0);
    expect(wakeDue(shard.state, 11_500)).toBe(1); // the longest wait; the period would end later
    ask('3', its, undefined, 11_500);
    expect(shard.start()).toEqual(['2']);
    expect(wakeDue(shard.state, 12_500)).toBe(1);
    expect([shard.start(), shard.take()]).toEqual([['3'], []]);
  });

  test('keys do not concern each other', () => {
    ask('1', its, 'a', 10_000);
    ask('2', its, 'b', 10_001);
    wakeDue(shard.state, 20_000);
    expect([shard.start(), shard.take()]).toEqual([['1', '2'], []]);
  });

  test('a run that started is not ended by a later one, and nothing is left of it', () => {
    ask('1', its, undefined, 10_000);
    wakeDue(shard.state, 11_000);
    expect(shard.start()).toEqual(['1']);
    ask('2', its, undefined, 10_999);
    expect(shard.take()).toEqual([]);
    shard.record(completed({ runId: '1' }), cancelRequested({ runId: '2' }));
    expect([shard.state.debounceKeys.size, shard.state.workflows[0]?.debounced.size]).toEqual([1, 1]);
    shard.record(withoutAttempt(cancelled({ runId: '2' })));
    expect([shard.state.debounceKeys.size, shard.state.workflows[0]?.debounced.size]).toEqual([0, 0]);
  });
});
