import {
  attemptFailed,
  attemptLost,
  cancelled,
  cancelRequested,
  completed,
  dispatched,
  failed,
  requested,
} from '@millrace/testkit';
import { beforeEach, describe, expect, test } from 'vitest';
import { AdmissionFixture } from '../../testing/admission-fixture.ts';
import { admit } from './admit.ts';
import { executorOf } from './executor-of.ts';
import { FRESH_MS } from './executor-record.ts';
import { takeBack } from './take-back.ts';

let shard: AdmissionFixture;
beforeEach(() => {
  shard = new AdmissionFixture();
});

describe('admit', () => {
  test('starts nothing without an executor, and no more than the limit with one', () => {
    for (const runId of ['1', '2', '3', '4', '5']) shard.request(runId);
    expect(shard.start()).toEqual([]);
    shard.beat('ex1');
    expect(shard.start()).toEqual(['1', '2', '3', '4']);
    expect(shard.start()).toEqual([]);
    shard.record(completed({ runId: '2' }));
    expect(shard.start()).toEqual(['5']);
  });

  test('says where the request is and whether a failed attempt will be followed by another', () => {
    shard.request('1', 'a/a', { retries: { failed: 1, lost: 0 }, onLimit: 'reject' });
    shard.beat('ex1');
    const dispatch = {
      runId: '1',
      workspace: 'default',
      workflow: 'a/a',
      executor: 'ex1',
      position: { sequence: 1, index: 0 },
    };
    expect(admit(shard.state, 0)).toEqual([{ ...dispatch, attempt: 1, retryOnFailure: true, isAwaited: true }]);
    shard.record(dispatched({ runId: '1', executor: 'ex1' }), attemptFailed({ runId: '1' }));
    expect(admit(shard.state, 0)).toEqual([{ ...dispatch, attempt: 2, retryOnFailure: false, isAwaited: true }]);
  });

  test('keeps the limit of each workflow, and the order inside it', () => {
    shard.beat('ex1');
    for (const runId of ['1', '2', '3']) shard.request(runId, 'a/one', { concurrency: 1 });
    shard.request('4', 'a/other');
    expect(shard.start()).toEqual(['1', '4']);
    shard.record(completed({ runId: '1' }));
    expect(shard.start()).toEqual(['2']);
    shard.request('5', 'a/one', { concurrency: 1 });
    shard.record(completed({ runId: '2' }));
    expect(shard.start()).toEqual(['3']);
  });

  test('a waiting run obeys the limit of the version that it was requested with', () => {
    shard.beat('ex1');
    shard.request('1', 'a/a', { concurrency: 2 });
    shard.request('2', 'a/a', { concurrency: 2 });
    shard.request('3', 'a/a', { concurrency: 1 });
    shard.request('4', 'a/a');
    expect(shard.start()).toEqual(['1', '2']);
    shard.record(completed({ runId: '1' }));
    expect(shard.start()).toEqual([]);
    shard.record(completed({ runId: '2' }));
    expect(shard.start()).toEqual(['3', '4']);
  });

  test('a flooding workflow starves nobody', () => {
    shard = new AdmissionFixture(1);
    shard.beat('ex1');
    for (let index = 0; index < 100; index += 1) shard.request(`flood${index}`, 'a/flood');
    for (const runId of ['x', 'y', 'z']) shard.request(runId, `a/${runId}`);
    shard.request('x2', 'a/x');
    const order: string[] = [];
    for (let turn = 0; turn < 8; turn += 1) {
      const [runId = ''] = shard.start();
      order.push(runId);
      shard.record(completed({ runId }));
    }
    expect(order).toEqual(['flood0', 'x', 'y', 'z', 'flood1', 'x2', 'flood2', 'flood3']);
  });

  test('chooses the executor with the most free slots, never one that drains or is full', () => {
    shard.beat('small', { slots: 1 });
    shard.beat('large', { slots: 3 });
    shard.beat('leaving', { slots: 50, draining: true });
    for (const runId of ['1', '2', '3', '4']) shard.request(runId);
    expect(admit(shard.state, 0).map(({ executor }) => executor)).toEqual(['large', 'large', 'small', 'large']);
  });

  test('gives nothing to an executor that was not heard lately', () => {
    shard.beat('ex1', { slots: 100 });
    shard.beat('ex2', { slots: 1 }, 2_000);
    shard.request('1');
    shard.request('2');
    expect(shard.start(FRESH_MS + 1)).toEqual(['1']);
    expect([executorOf(shard.state, '1'), executorOf(shard.state, '2')]).toEqual(['ex2', undefined]);
    shard.beat('ex1', {}, FRESH_MS + 1);
    expect(shard.start(FRESH_MS + 1)).toEqual(['2']);
  });

  test('rejects who will not wait when the limit is reached, and never one that already had an attempt', () => {
    shard.beat('ex1', { slots: 1 });
    const its = { onLimit: 'reject', retries: { failed: 0, lost: 1 } } as const;
    shard.request('1', 'a/a', its);
    shard.request('2', 'a/a', its);
    expect(shard.start()).toEqual(['1']);
    expect(shard.take()).toEqual([{ type: 'end', runId: '2', ending: 'rejected' }]);
    expect(shard.take()).toEqual([]);
    shard.record(attemptLost({ runId: '1' }));
    shard.beat('ex1', { slots: 0 });
    expect([shard.start(), shard.take()]).toEqual([[], []]);
  });

  test('lets who will not wait wait while no executor was heard', () => {
    shard.request('1', 'a/a', { onLimit: 'reject' });
    expect([shard.start(), shard.take()]).toEqual([[], []]);
    shard.beat('ex1');
    expect([shard.start(), shard.take()]).toEqual([['1'], []]);
  });
});

describe('cancel', () => {
  test('ends a run that waits, and keeps it from starting meanwhile', () => {
    shard.request('1');
    shard.request('2');
    shard.record(cancelRequested({ runId: '1' }), cancelRequested({ runId: '1' }));
    expect(shard.take()).toEqual([{ type: 'end', runId: '1', ending: 'cancelled' }]);
    shard.beat('ex1');
    expect(shard.start()).toEqual(['2']);
    const event = cancelled({ runId: '1' });
    Reflect.deleteProperty(event, 'attempt');
    shard.record(event);
    expect(shard.state.runs.size).toBe(1);
  });

  test('is repeated to the executor that holds the run until it ends', () => {
    shard.beat('ex1');
    shard.request('1');
    shard.start();
    shard.record(cancelRequested({ runId: '1' }));
    expect([executorOf(shard.state, '1'), executorOf(shard.state, 'none')]).toEqual(['ex1', undefined]);
    expect(shard.beat('ex1').cancel).toEqual(['1']);
    expect(shard.beat('ex1').cancel).toEqual(['1']);
    shard.record(cancelled({ runId: '1' }));
    expect(shard.beat('ex1').cancel).toEqual([]);
  });

  test('takes the place of the next attempt', () => {
    shard.beat('ex1');
    shard.request('1', 'a/a', { retries: { failed: 3, lost: 3 } });
    shard.start();
    shard.record(cancelRequested({ runId: '1' }), attemptFailed({ runId: '1' }));
    expect([shard.start(), shard.take()]).toEqual([[], [{ type: 'end', runId: '1', ending: 'cancelled' }]]);
  });

  test('reaches the executor when the dispatch of a leader that is gone comes after it in the log', () => {
    shard.request('1');
    shard.record(cancelRequested({ runId: '1' }), dispatched({ runId: '1', executor: 'ex1' }));
    expect(shard.take()).toEqual([]);
    expect(shard.beat('ex1').cancel).toEqual(['1']);
  });
});

test('a dispatch whose request the log has forgotten is taken back, and the run ends', () => {
  shard.beat('ex1');
  shard.request('1');
  admit(shard.state, 0);
  takeBack(shard.state, '1');
  expect([shard.state.holdings.size, shard.take()]).toEqual([
    0,
    [{ type: 'end', runId: '1', ending: 'request_expired' }],
  ]);
  const event = failed({ runId: '1' });
  Reflect.deleteProperty(event, 'attempt');
  shard.record(event);
  expect([shard.state.runs.size, shard.start()]).toEqual([0, []]);
});

test('reading an event again changes nothing', () => {
  shard.beat('ex1');
  shard.request('1');
  shard.start();
  const again = [requested({ runId: '1' }), dispatched({ runId: '1', executor: 'ex1' })];
  shard.record(...again, ...again);
  expect([shard.state.holdings.size, shard.state.waiting, shard.state.runs.size]).toEqual([1, 0, 1]);
});
