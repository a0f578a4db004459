import { type RunRequested } from '@millrace/contracts';
import { type Commit } from '@millrace/eventlog';
import { dispatched, requested } from '@millrace/testkit';
import { beforeEach, expect, test } from 'vitest';
import { KEPT_BYTES_MAX, KEPT_REQUEST_BYTES_MAX, makeRequestStore, READ_COMMITS_MAX } from './request-store.ts';

let reads: number[];
let log: Map<number, Commit>;
const readCommit = async (sequence: number): Promise<Commit | undefined> => {
  reads.push(sequence);
  return log.get(sequence);
};
const commit = (sequence: number, ...events: RunRequested[]): void => {
  const decoded = events.map((event) => ({ known: true, event }) as const);
  log.set(sequence, { sequence, subject: 'log.0.commit', time: 0, bytes: 0, events: decoded });
};

beforeEach(() => {
  reads = [];
  log = new Map();
});

test('keeps a small request until its run is over, and a large one not at all', () => {
  const store = makeRequestStore(readCommit);
  const small = requested({ input: { a: 1 } });
  const large = requested({ input: 'x'.repeat(KEPT_REQUEST_BYTES_MAX) });
  for (const event of [small, small, large]) store.keep(event);
  expect([store.find(small.subject), store.find(large.subject)]).toEqual([small, undefined]);
  store.forget(small.subject);
  store.forget(small.subject);
  expect([store.find(small.subject), store.keptBytes()]).toEqual([undefined, 0]);
});

test('counts the environment too', () => {
  const store = makeRequestStore(readCommit);
  const event = requested({ env: { TARGET: 'x'.repeat(KEPT_REQUEST_BYTES_MAX) } });
  store.keep(event);
  expect(store.find(event.subject)).toBeUndefined();
});

test('keeps the first ones when there is no room for all', () => {
  const store = makeRequestStore(readCommit);
  const events = Array.from({ length: 25_000 }, (_, index) =>
    requested({ runId: String(index), input: 'x'.repeat(KEPT_REQUEST_BYTES_MAX / 2 - 100) }),
  );
  for (const event of events) store.keep(event);
  expect(store.keptBytes()).toBeLessThanOrEqual(KEPT_BYTES_MAX);
  expect([store.find('0') === undefined, store.find('24999') === undefined]).toEqual([false, true]);
});

test('reads a request back where it stands, and its commit once for all of them', async () => {
  const store = makeRequestStore(readCommit);
  const [one, two] = [requested(), requested()];
  commit(7, one, two);
  const both = await Promise.all([
    store.load(one.subject, { sequence: 7, index: 0 }),
    store.load(two.subject, { sequence: 7, index: 1 }),
  ]);
  expect([both, reads]).toEqual([[one, two], [7]]);
});

test('finds nothing where the log holds no such request', async () => {
  const store = makeRequestStore(readCommit);
  const other = requested();
  commit(1, other);
  log.set(2, { sequence: 2, subject: '', time: 0, bytes: 0, events: [{ known: true, event: dispatched() }] });
  for (const sequence of [1, 2, 3]) expect(await store.load('run', { sequence, index: 0 })).toBeUndefined();
});

test('forgets the commits that it read first, and asks again after a failure', async () => {
  let isAway = true;
  const store = makeRequestStore(async (sequence) => {
    if (isAway) throw new Error('away');
    return readCommit(sequence);
  });
  await expect(store.load('run', { sequence: 1, index: 0 })).rejects.toThrow('away');
  isAway = false;
  for (let sequence = 1; sequence <= READ_COMMITS_MAX + 1; sequence += 1)
    await store.load('run', { sequence, index: 0 });
  await store.load('run', { sequence: READ_COMMITS_MAX + 1, index: 0 });
  await store.load('run', { sequence: 1, index: 0 });
  expect(reads).toHaveLength(READ_COMMITS_MAX + 2);
});
