import { cancelRequested, completed } from '@millrace/testkit';
import { expect, test } from 'vitest';
import { AdmissionFixture } from '../../testing/admission-fixture.ts';
import { FRESH_MS } from './executor-record.ts';
import { whyOf } from './why.ts';

const why = ({ state }: AdmissionFixture, runId: string, monotonicMs = 0) => whyOf(state, runId, { monotonicMs });
const line = (shard: AdmissionFixture, runId: string, monotonicMs = 0): string | undefined =>
  why(shard, runId, monotonicMs)?.line;

test('tells of the limit of a key, who has the slot and how many are before', () => {
  const shard = new AdmissionFixture(2);
  shard.beat('ex1');
  for (const runId of ['1', '2', '3']) {
    shard.record(shard.requestOf(runId, { keyConcurrency: 1 }, { concurrencyKey: 'a"b' }));
  }
  shard.start();
  expect(why(shard, '3')).toEqual({
    run_id: '3',
    workflow: 'a/a',
    reason: 'concurrency_key',
    key: 'a"b',
    limit: 1,
    running: 1,
    holder: '1',
    before: 1,
    line: 'waits for its concurrency key "a\\"b": 1 of 1 running (1), 1 before it',
  });
  expect(line(shard, '1')).toBe('does not wait: it runs on ex1');
});

test('tells of workflow, server and executors, the nearest first', () => {
  const shard = new AdmissionFixture(2);
  shard.request('1', 'a/one', { concurrency: 1 });
  expect(line(shard, '1')).toBe('waits for an executor: none is there');
  shard.beat('ex1', { slots: 1 });
  expect(line(shard, '1')).toBe('could start now: it is about to, or waits for its turn');
  shard.start();
  shard.request('2', 'a/one', { concurrency: 1 });
  shard.request('3', 'a/two');
  expect(line(shard, '2')).toBe('waits for its workflow: 1 of 1 running (1)');
  expect(line(shard, '3')).toBe('waits for an executor: all that are there are full, or take nothing new');
  expect(line(shard, '3', FRESH_MS + 1)).toBe('waits for an executor: none is there');
  shard.beat('ex1', { slots: 9 });
  shard.start();
  shard.request('4', 'a/two');
  expect(line(shard, '4')).toBe('waits for the server: 2 of 2 running (1)');
  shard.record(cancelRequested({ runId: '1' }), cancelRequested({ runId: '4' }));
  expect(line(shard, '1')).toBe('does not wait: it runs on ex1, which was asked to end it');
  expect(line(shard, '4')).toBe('does not wait: it is about to end');
  shard.record(completed({ runId: '1' }));
  expect(why(shard, '1')).toBeUndefined();
});

test('tells of the pool', () => {
  const shard = new AdmissionFixture();
  shard.beat('ex1');
  shard.request('1', 'a/gpu', { pool: 'gpu' });
  expect(shard.start()).toEqual([]);
  expect(why(shard, '1')).toMatchObject({ reason: 'no_executor', pool: 'gpu' });
  expect(line(shard, '1')).toBe('waits for an executor of the pool gpu: none is there');
  shard.beat('ex2', { pools: ['gpu'], slots: 0 });
  expect(line(shard, '1')).toBe(
    'waits for an executor of the pool gpu: all that are there are full, or take nothing new',
  );
  shard.beat('ex2', { pools: ['gpu'], slots: 1 });
  expect(shard.start()).toEqual(['1']);
});

test('tells of times', () => {
  const shard = new AdmissionFixture();
  shard.beat('ex1');
  const rate = { rate: { limit: 1, periodMs: 60_000 } };
  for (const runId of ['1', '2']) shard.recordAt(1_000, shard.requestOf(runId, rate));
  shard.start();
  expect(line(shard, '2')).toBe('waits for its rate: 1 starts in 60 s, until 1970-01-01T00:01:01.000Z');
  shard.recordAt(1_000, shard.requestOf('3', { debounce: { periodMs: 500, maxMs: 900 } }));
  expect(line(shard, '3')).toBe(
    'waits for a later run of its key, which would take its place, until 1970-01-01T00:00:01.500Z',
  );
  shard.record(shard.requestOf('4', {}, { notBefore: '2030-01-02T03:04:05.000Z' }));
  expect(line(shard, '4')).toBe('waits for its time, until 2030-01-02T03:04:05.000Z');
});
