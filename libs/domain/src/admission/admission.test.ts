import { type Heartbeat, type RunEvent, type RunPolicy } from '@millrace/contracts';
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
import { admit } from './admit.ts';
import { type Decision, takeDecisions } from './decisions.ts';
import { evolve } from './evolve.ts';
import { executorOf } from './executor-of.ts';
import {
  beginLeading,
  EXECUTOR_LEASE_MS,
  EXECUTOR_SILENCE_MAX_MS,
  expire,
  hear,
  UNNAMED_HEARTBEATS_MAX,
} from './heartbeats.ts';
import { SchedulerState } from './scheduler-state.ts';

const policy = (its: Partial<RunPolicy> = {}): RunPolicy => ({
  timeoutMs: 1_000,
  onLimit: 'queue',
  retries: { failed: 0, lost: 0 },
  ...its,
});

let state: SchedulerState;
let sequence: number;

const record = (...events: RunEvent[]): void => {
  for (const event of events) evolve(state, event, { sequence: (sequence += 1), index: 0 });
};
const request = (runId: string, workflow = 'a/a', its: Partial<RunPolicy> = {}): void =>
  record(requested({ runId, workflow, policy: policy(its) }));
const beat = (executor: string, its: Partial<Heartbeat> = {}, nowMs = 0) =>
  hear(state, { executor, slots: 100, draining: false, held: [], ...its }, nowMs);
/** Admits, and reads every dispatch back from the log. */
const start = (): string[] =>
  admit(state).map(({ runId, attempt, executor }) => {
    record(dispatched({ runId, attempt, executor }));
    return runId;
  });
const take = (): Partial<Decision>[] =>
  takeDecisions(state).map((decision) =>
    decision.type === 'end'
      ? { type: 'end', runId: decision.runId, ending: decision.ending }
      : { type: 'lose', runId: decision.runId, attempt: decision.attempt, executor: decision.executor },
  );

beforeEach(() => {
  state = new SchedulerState({ concurrentRunsMax: 4 });
  sequence = 0;
  beginLeading(state, 0);
});

describe('admit', () => {
  test('starts nothing without an executor, and no more than the limit with one', () => {
    for (const runId of ['1', '2', '3', '4', '5']) request(runId);
    expect(start()).toEqual([]);
    beat('ex1');
    expect(start()).toEqual(['1', '2', '3', '4']);
    expect(start()).toEqual([]);
    record(completed({ runId: '2' }));
    expect(start()).toEqual(['5']);
  });

  test('says where the request is and whether a failed attempt will be followed by another', () => {
    request('1', 'a/a', { retries: { failed: 1, lost: 0 }, onLimit: 'reject' });
    beat('ex1');
    const dispatch = {
      runId: '1',
      workspace: 'default',
      workflow: 'a/a',
      executor: 'ex1',
      position: { sequence: 1, index: 0 },
    };
    expect(admit(state)).toEqual([{ ...dispatch, attempt: 1, retryOnFailure: true, onLimit: 'reject' }]);
    record(dispatched({ runId: '1', executor: 'ex1' }), attemptFailed({ runId: '1' }));
    expect(admit(state)).toEqual([{ ...dispatch, attempt: 2, retryOnFailure: false, onLimit: 'reject' }]);
  });

  test('keeps the limit of each workflow, and the order inside it', () => {
    beat('ex1');
    for (const runId of ['1', '2', '3']) request(runId, 'a/one', { concurrency: 1 });
    request('4', 'a/other');
    expect(start()).toEqual(['1', '4']);
    record(completed({ runId: '1' }));
    expect(start()).toEqual(['2']);
    request('5', 'a/one', { concurrency: 1 });
    record(completed({ runId: '2' }));
    expect(start()).toEqual(['3']);
  });

  test('a waiting run obeys the limit of the version that it was requested with', () => {
    beat('ex1');
    request('1', 'a/a', { concurrency: 2 });
    request('2', 'a/a', { concurrency: 2 });
    request('3', 'a/a', { concurrency: 1 });
    request('4', 'a/a');
    expect(start()).toEqual(['1', '2']);
    record(completed({ runId: '1' }));
    expect(start()).toEqual([]);
    record(completed({ runId: '2' }));
    expect(start()).toEqual(['3', '4']);
  });

  test('a flooding workflow starves nobody', () => {
    state = new SchedulerState({ concurrentRunsMax: 1 });
    beginLeading(state, 0);
    beat('ex1');
    for (let index = 0; index < 100; index += 1) request(`flood${index}`, 'a/flood');
    for (const runId of ['x', 'y', 'z']) request(runId, `a/${runId}`);
    request('x2', 'a/x');
    const order: string[] = [];
    for (let turn = 0; turn < 8; turn += 1) {
      const [runId = ''] = start();
      order.push(runId);
      record(completed({ runId }));
    }
    expect(order).toEqual(['flood0', 'x', 'y', 'z', 'flood1', 'x2', 'flood2', 'flood3']);
  });

  test('chooses the executor with the most free slots, never one that drains or is full', () => {
    beat('small', { slots: 1 });
    beat('large', { slots: 3 });
    beat('leaving', { slots: 50, draining: true });
    for (const runId of ['1', '2', '3', '4']) request(runId);
    expect(admit(state).map(({ executor }) => executor)).toEqual(['large', 'large', 'small', 'large']);
  });

  test('rejects who will not wait when the limit is reached, and never one that already had an attempt', () => {
    beat('ex1', { slots: 1 });
    const its = { onLimit: 'reject', retries: { failed: 0, lost: 1 } } as const;
    request('1', 'a/a', its);
    request('2', 'a/a', its);
    expect(start()).toEqual(['1']);
    expect(take()).toEqual([{ type: 'end', runId: '2', ending: 'rejected' }]);
    expect(take()).toEqual([]);
    record(attemptLost({ runId: '1' }));
    beat('ex1', { slots: 0 });
    expect([start(), take()]).toEqual([[], []]);
  });

  test('lets who will not wait wait while no executor was heard', () => {
    request('1', 'a/a', { onLimit: 'reject' });
    expect([start(), take()]).toEqual([[], []]);
    beat('ex1');
    expect([start(), take()]).toEqual([['1'], []]);
  });
});

describe('cancel', () => {
  test('ends a run that waits, and keeps it from starting meanwhile', () => {
    request('1');
    request('2');
    record(cancelRequested({ runId: '1' }), cancelRequested({ runId: '1' }));
    expect(take()).toEqual([{ type: 'end', runId: '1', ending: 'cancelled' }]);
    beat('ex1');
    expect(start()).toEqual(['2']);
    const event = cancelled({ runId: '1' });
    Reflect.deleteProperty(event, 'attempt');
    record(event);
    expect(state.runs.size).toBe(1);
  });

  test('is repeated to the executor that holds the run until it ends', () => {
    beat('ex1');
    request('1');
    start();
    record(cancelRequested({ runId: '1' }));
    expect([executorOf(state, '1'), executorOf(state, 'none')]).toEqual(['ex1', undefined]);
    expect(beat('ex1').cancel).toEqual(['1']);
    expect(beat('ex1').cancel).toEqual(['1']);
    record(cancelled({ runId: '1' }));
    expect(beat('ex1').cancel).toEqual([]);
  });

  test('takes the place of the next attempt', () => {
    beat('ex1');
    request('1', 'a/a', { retries: { failed: 3, lost: 3 } });
    start();
    record(cancelRequested({ runId: '1' }), attemptFailed({ runId: '1' }));
    expect([start(), take()]).toEqual([[], [{ type: 'end', runId: '1', ending: 'cancelled' }]]);
  });

  test('reaches the executor when the dispatch of a leader that is gone comes after it in the log', () => {
    request('1');
    record(cancelRequested({ runId: '1' }), dispatched({ runId: '1', executor: 'ex1' }));
    expect(take()).toEqual([]);
    expect(beat('ex1').cancel).toEqual(['1']);
  });
});

describe('lost attempts', () => {
  test('who is declared lost has killed its children seconds before', () => {
    expect(EXECUTOR_SILENCE_MAX_MS - EXECUTOR_LEASE_MS).toBeGreaterThanOrEqual(5_000);
  });

  test('an executor that is silent too long is lost with its attempts, which keep their slots until the log says so', () => {
    beat('ex1', { slots: 1 });
    request('1', 'a/a', { retries: { failed: 0, lost: 1 } });
    request('2');
    start();
    expect(expire(state, EXECUTOR_SILENCE_MAX_MS - 1)).toEqual([]);
    expect(expire(state, EXECUTOR_SILENCE_MAX_MS)).toEqual(['ex1']);
    expect(beat('ex1').known).toBe(false);
    expect(take()).toEqual([{ type: 'lose', runId: '1', attempt: 1, executor: 'ex1' }]);
    beat('ex2', { slots: 1 }, EXECUTOR_SILENCE_MAX_MS);
    expect(state.holdings.size).toBe(1);
    record(attemptLost({ runId: '1', executor: 'ex1' }));
    expect(start()).toEqual(['1']);
    expect(executorOf(state, '1')).toBe('ex2');
  });

  test('a result that reaches the log first wins', () => {
    beat('ex1');
    request('1', 'a/a', { retries: { failed: 0, lost: 1 } });
    start();
    expire(state, EXECUTOR_SILENCE_MAX_MS);
    take();
    record(completed({ runId: '1' }), attemptLost({ runId: '1' }));
    expect([state.runs.size, start(), take()]).toEqual([0, [], []]);
  });

  test('what an attempt says after it was lost changes nothing, before the next attempt and during it', () => {
    beat('ex1');
    request('1', 'a/a', { retries: { failed: 3, lost: 3 } });
    start();
    record(attemptLost({ runId: '1' }));
    const late = [completed({ runId: '1' }), attemptLost({ runId: '1' }), attemptFailed({ runId: '1' })];
    record(...late);
    expect(start()).toEqual(['1']);
    record(...late);
    expect([executorOf(state, '1'), state.holdings.size, start(), take()]).toEqual(['ex1', 1, [], []]);
    record(completed({ runId: '1', attempt: 2 }));
    expect(state.runs.size).toBe(0);
  });

  test('the run fails when its retries are used up', () => {
    beat('ex1');
    request('1', 'a/a', { retries: { failed: 0, lost: 1 } });
    start();
    record(attemptLost({ runId: '1' }));
    expect(start()).toEqual(['1']);
    record(attemptLost({ runId: '1', attempt: 2 }));
    expect([start(), take()]).toEqual([[], [{ type: 'end', runId: '1', ending: 'executor_lost' }]]);
  });

  test('nothing is said about an attempt before its dispatch is in the log', () => {
    beat('ex1');
    request('1');
    admit(state);
    expire(state, EXECUTOR_SILENCE_MAX_MS);
    expect(take()).toEqual([]);
    record(dispatched({ runId: '1', executor: 'ex1' }));
    expect(take()).toEqual([{ type: 'lose', runId: '1', attempt: 1, executor: 'ex1' }]);
  });

  test('a new leader gives executors that only the log knows their full time', () => {
    state = new SchedulerState({ concurrentRunsMax: 4 });
    request('1');
    record(dispatched({ runId: '1', executor: 'ex1' }));
    expect(expire(state, 1e9)).toEqual([]);
    beginLeading(state, 1e9);
    expect(expire(state, 1e9 + EXECUTOR_SILENCE_MAX_MS - 1)).toEqual([]);
    expect(expire(state, 1e9 + EXECUTOR_SILENCE_MAX_MS)).toEqual(['ex1']);
    expect(take()).toEqual([{ type: 'lose', runId: '1', attempt: 1, executor: 'ex1' }]);
  });

  test('executors of the past are forgotten with their last run', () => {
    request('1');
    record(dispatched({ runId: '1', executor: 'ex1' }), completed({ runId: '1' }));
    expect(state.executors.size).toBe(0);
  });

  test('an attempt that a living executor never names is taken away, after it was told so', () => {
    beat('ex1');
    request('1', 'a/a', { retries: { failed: 0, lost: 1 } });
    start();
    for (let count = 1; count < UNNAMED_HEARTBEATS_MAX; count += 1) expect(beat('ex1').dropped).toEqual([]);
    expect(beat('ex1').dropped).toEqual([{ runId: '1', attempt: 1 }]);
    expect(take()).toEqual([]);
    beat('ex1', { held: [{ runId: '1', attempt: 1 }] });
    expect(take()).toEqual([{ type: 'lose', runId: '1', attempt: 1, executor: 'ex1' }]);
  });

  test('an attempt that is named now and then is left alone', () => {
    beat('ex1');
    request('1');
    start();
    for (let count = 0; count < 5 * UNNAMED_HEARTBEATS_MAX; count += 1) {
      beat('ex1', { held: count % (UNNAMED_HEARTBEATS_MAX - 1) === 0 ? [{ runId: '1', attempt: 1 }] : [] });
    }
    expect(take()).toEqual([]);
  });
});

test('reading an event again changes nothing', () => {
  beat('ex1');
  request('1');
  start();
  const again = [requested({ runId: '1' }), dispatched({ runId: '1', executor: 'ex1' })];
  record(...again, ...again);
  expect([state.holdings.size, state.waiting, state.runs.size]).toEqual([1, 0, 1]);
});
