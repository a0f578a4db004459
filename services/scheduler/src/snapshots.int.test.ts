import { decodeState, encodeState, freezeState, SchedulerState } from '@millrace/domain';
import { logBounds, openSnapshots } from '@millrace/eventlog';
import { aRunId, eventually, requested, type StartedService } from '@millrace/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TestShard } from '../testing/test-shard.ts';
import { describeLog, parseSnapshotLog } from './snapshot-log.ts';

const SHARD = 0;
const NOTHING_MEASURED = { requestBytes: 0, endBytes: 0 };
const limits = { concurrentRunsMax: 4 };
const policy = { timeoutMs: 60_000, onLimit: 'queue', retries: { failed: 0, lost: 0 } } as const;

let shard: TestShard;
beforeEach(async () => {
  shard = await TestShard.open();
});
afterEach(async () => {
  await shard.close();
});

/** Position of the newest one. */
const newest = async (): Promise<number | undefined> => {
  for await (const bytes of openSnapshots(shard.connection).load(SHARD)) {
    return parseSnapshotLog(decodeState(bytes, limits).log)?.sequence;
  }
  return undefined;
};

const untilAllIsKept = async (): Promise<void> => {
  const { last } = await logBounds(shard.connection, SHARD);
  await eventually(async () => expect(await newest()).toBe(last), { timeoutMs: 60_000 });
};

const linesOf = (service: StartedService, message: string): readonly Record<string, unknown>[] =>
  service
    .log()
    .filter((line) => line.includes(`"${message}"`))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const requestMany = async (count: number): Promise<readonly string[]> => {
  const ids = Array.from({ length: count }, aRunId);
  for (const runId of ids) await shard.record(requested({ runId, policy }));
  return ids;
};

const expectEachOnceInOrder = async (ids: readonly string[]): Promise<void> => {
  const executor = await shard.executor({ id: 'ex_late', slots: 1, manner: 'complete' });
  await eventually(() => expect(ids.map((id) => shard.statusOf(id))).toEqual(ids.map(() => 'completed')), {
    timeoutMs: 60_000,
  });
  expect(executor.dispatches.map(({ subject }) => subject)).toEqual(ids);
};

test('who starts anew goes on behind the snapshot of who led before', async () => {
  const first = await shard.scheduler();
  const before = await requestMany(20);
  await untilAllIsKept();
  await first.kill();
  const after = await requestMany(5);
  const second = await shard.scheduler();
  expect(linesOf(second, 'loaded a snapshot')).toMatchObject([{ waiting: 20 }]);
  await expectEachOnceInOrder([...before, ...after]);
});

test('a slot that was taken in the snapshot is still taken', async () => {
  const first = await shard.scheduler(1);
  const holder = await shard.executor({ id: 'ex_holds', slots: 4, manner: 'hold' });
  const [held = '', waiting = ''] = await requestMany(2);
  await eventually(() => expect(holder.held).toEqual([held]));
  await untilAllIsKept();
  await first.kill();
  const second = await shard.scheduler(1);
  expect(linesOf(second, 'loaded a snapshot')).toMatchObject([{ waiting: 1 }]);
  const extra = await shard.executor({ id: 'ex_free', slots: 4, manner: 'hold' });
  await holder.finish(held);
  await eventually(() => expect([...holder.held, ...extra.held]).toEqual([waiting]));
  expect(shard.historyOf(held)).toBe('requested dispatched started completed');
});

test('of the last two snapshots the older one serves when the newer one is broken', async () => {
  const first = await shard.scheduler();
  const ids = await requestMany(3);
  await untilAllIsKept();
  await first.kill();
  await openSnapshots(shard.connection).put(SHARD, [Uint8Array.from([1, 2, 3])]);
  const second = await shard.scheduler();
  expect(linesOf(second, 'passed by a snapshot')).toHaveLength(1);
  expect(linesOf(second, 'loaded a snapshot')).toHaveLength(1);
  await expectEachOnceInOrder(ids);
});

test('a snapshot of a log that was replaced counts for nothing', async () => {
  const ids = await requestMany(3);
  const { last } = await logBounds(shard.connection, SHARD);
  const other = new SchedulerState(limits);
  const anchor = { sequence: last, storedAt: Date.parse('2026-01-01') };
  const pieces = encodeState(freezeState(other), describeLog(SHARD, anchor, NOTHING_MEASURED));
  await openSnapshots(shard.connection).put(SHARD, pieces);
  const scheduler = await shard.scheduler();
  expect(linesOf(scheduler, 'passed by a snapshot')).toHaveLength(1);
  expect(linesOf(scheduler, 'loaded a snapshot')).toEqual([]);
  await expectEachOnceInOrder(ids);
});
