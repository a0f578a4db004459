import { attemptFailed, attemptLost, completed, dispatched } from '@millrace/testkit';
import { beforeEach, describe, expect, test } from 'vitest';
import { AdmissionFixture } from '../../testing/admission-fixture.ts';
import { FORGIVEN_LOSSES_MAX } from '../run/run-state.ts';
import { admit } from './admit.ts';
import { executorOf } from './executor-of.ts';
import {
  beginLeading,
  DEAF_HEARTBEATS,
  EXECUTOR_LEASE_MS,
  EXECUTOR_SILENCE_MAX_MS,
  expire,
  UNNAMED_HEARTBEATS_MAX,
} from './heartbeats.ts';

let shard: AdmissionFixture;
beforeEach(() => {
  shard = new AdmissionFixture();
});

describe('lost attempts', () => {
  test('who is declared lost has killed its children seconds before', () => {
    expect(EXECUTOR_SILENCE_MAX_MS - EXECUTOR_LEASE_MS).toBeGreaterThanOrEqual(5_000);
  });

  test('an executor that is silent too long is lost with its attempts, which keep their slots until the log says so', () => {
    shard.beat('ex1', { slots: 1 });
    shard.request('1', 'a/a', { retries: { failed: 0, lost: 1 } });
    shard.request('2');
    shard.start();
    expect(expire(shard.state, EXECUTOR_SILENCE_MAX_MS - 1)).toEqual([]);
    expect(expire(shard.state, EXECUTOR_SILENCE_MAX_MS)).toEqual(['ex1']);
    expect(shard.beat('ex1').known).toBe(false);
    expect(shard.take()).toEqual([{ type: 'lose', runId: '1', attempt: 1, executor: 'ex1' }]);
    shard.beat('ex2', { slots: 1 }, EXECUTOR_SILENCE_MAX_MS);
    expect(shard.state.holdings.size).toBe(1);
    shard.record(attemptLost({ runId: '1', executor: 'ex1' }));
    expect(shard.start(EXECUTOR_SILENCE_MAX_MS)).toEqual(['1']);
    expect(executorOf(shard.state, '1')).toBe('ex2');
  });

  test('a result that reaches the log first wins', () => {
    shard.beat('ex1');
    shard.request('1', 'a/a', { retries: { failed: 0, lost: 1 } });
    shard.start();
    expire(shard.state, EXECUTOR_SILENCE_MAX_MS);
    shard.take();
    shard.record(completed({ runId: '1' }), attemptLost({ runId: '1' }));
    expect([shard.state.runs.size, shard.start(), shard.take()]).toEqual([0, [], []]);
  });

  test('what an attempt says after it was lost changes nothing, before the next attempt and during it', () => {
    shard.beat('ex1');
    shard.request('1', 'a/a', { retries: { failed: 3, lost: 3 } });
    shard.start();
    shard.record(attemptLost({ runId: '1' }));
    const late = [completed({ runId: '1' }), attemptLost({ runId: '1' }), attemptFailed({ runId: '1' })];
    shard.record(...late);
    expect(shard.start()).toEqual(['1']);
    shard.record(...late);
    expect([executorOf(shard.state, '1'), shard.state.holdings.size, shard.start(), shard.take()]).toEqual([
      'ex1',
      1,
      [],
      [],
    ]);
    shard.record(completed({ runId: '1', attempt: 2 }));
    expect(shard.state.runs.size).toBe(0);
  });

  test('the run fails when its retries are used up', () => {
    shard.beat('ex1');
    shard.request('1', 'a/a', { retries: { failed: 0, lost: 1 } });
    shard.start();
    shard.record(attemptLost({ runId: '1' }));
    expect(shard.start()).toEqual(['1']);
    shard.record(attemptLost({ runId: '1', attempt: 2 }));
    expect([shard.start(), shard.take()]).toEqual([[], [{ type: 'end', runId: '1', ending: 'executor_lost' }]]);
  });

  test('losses that may be the fault of others do not count, up to a limit', () => {
    shard.beat('ex1');
    shard.request('1', 'a/a', { retries: { failed: 1, lost: 1 } });
    let attempt = 1;
    for (; attempt <= FORGIVEN_LOSSES_MAX; attempt += 1) {
      expect(shard.start()).toEqual(['1']);
      shard.record(attemptLost({ runId: '1', attempt, counted: false }));
    }
    expect(shard.start()).toEqual(['1']);
    shard.record(attemptFailed({ runId: '1', attempt }));
    expect(shard.start()).toEqual(['1']);
    shard.record(attemptLost({ runId: '1', attempt: attempt + 1, counted: false }));
    expect(shard.start()).toEqual(['1']);
    shard.record(attemptLost({ runId: '1', attempt: attempt + 2, counted: false }));
    expect([shard.start(), shard.take()]).toEqual([[], [{ type: 'end', runId: '1', ending: 'executor_lost' }]]);
  });

  test('a run that may not be tried again is not, whoever lost its attempt', () => {
    shard.beat('ex1');
    shard.request('1', 'a/a', { retries: { failed: 0, lost: 0 } });
    shard.start();
    shard.record(attemptLost({ runId: '1', counted: false }));
    expect([shard.start(), shard.take()]).toEqual([[], [{ type: 'end', runId: '1', ending: 'executor_lost' }]]);
  });

  test('nothing is said about an attempt before its dispatch is in the log', () => {
    shard.beat('ex1');
    shard.request('1');
    admit(shard.state, 0);
    expire(shard.state, EXECUTOR_SILENCE_MAX_MS);
    expect(shard.take()).toEqual([]);
    shard.record(dispatched({ runId: '1', executor: 'ex1' }));
    expect(shard.take()).toEqual([{ type: 'lose', runId: '1', attempt: 1, executor: 'ex1' }]);
  });

  test('a new leader gives executors that only the log knows their full time', () => {
    shard = new AdmissionFixture(4, 'follows');
    shard.request('1');
    shard.record(dispatched({ runId: '1', executor: 'ex1' }));
    expect(expire(shard.state, 1e9)).toEqual([]);
    beginLeading(shard.state, 1e9);
    expect(expire(shard.state, 1e9 + EXECUTOR_SILENCE_MAX_MS - 1)).toEqual([]);
    expect(expire(shard.state, 1e9 + EXECUTOR_SILENCE_MAX_MS)).toEqual(['ex1']);
    expect(shard.take()).toEqual([{ type: 'lose', runId: '1', attempt: 1, executor: 'ex1' }]);
  });

  test('executors of the past are forgotten with their last run', () => {
    shard.request('1');
    shard.record(dispatched({ runId: '1', executor: 'ex1' }), completed({ runId: '1' }));
    expect(shard.state.executors.size).toBe(0);
  });

  test('an attempt that a living executor never names is taken away, after it was told so', () => {
    shard.beat('ex1');
    shard.request('1', 'a/a', { retries: { failed: 0, lost: 1 } });
    shard.start();
    for (let count = 1; count < UNNAMED_HEARTBEATS_MAX; count += 1) expect(shard.beat('ex1').dropped).toEqual([]);
    expect(shard.beat('ex1').dropped).toEqual([{ runId: '1', attempt: 1 }]);
    expect(shard.take()).toEqual([]);
    shard.beat('ex1', { held: [{ runId: '1', attempt: 1 }] });
    expect(shard.take()).toEqual([{ type: 'lose', runId: '1', attempt: 1, executor: 'ex1' }]);
  });

  test('an executor that does not hear what it is given gets nothing more until it does', () => {
    shard.beat('ex1');
    shard.request('1');
    shard.start();
    shard.request('2');
    for (let count = 0; count < DEAF_HEARTBEATS; count += 1) shard.beat('ex1');
    expect(shard.start()).toEqual([]);
    shard.beat('ex1', { held: [{ runId: '1', attempt: 1 }] });
    expect(shard.start()).toEqual(['2']);
  });

  test('an attempt that is named now and then is left alone', () => {
    shard.beat('ex1');
    shard.request('1');
    shard.start();
    for (let count = 0; count < 5 * UNNAMED_HEARTBEATS_MAX; count += 1) {
      shard.beat('ex1', { held: count % (UNNAMED_HEARTBEATS_MAX - 1) === 0 ? [{ runId: '1', attempt: 1 }] : [] });
    }
    expect(shard.take()).toEqual([]);
  });
});
