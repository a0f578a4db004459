import { type RunPolicy } from '@millrace/contracts';
import { aRunId, eventually, requested } from '@millrace/testkit';
import { describe, expect, test } from 'vitest';
import { TestShard } from '../testing/test-shard.ts';

/** An executor is declared lost after 15 s of silence. */
const LOST = { timeoutMs: 25_000 };
const policyWith = (lost: number): RunPolicy => ({
  timeoutMs: 60_000,
  onLimit: 'queue',
  retries: { failed: 0, lost },
});

const withShard = async (use: (shard: TestShard) => Promise<void>): Promise<void> => {
  const shard = await TestShard.open();
  try {
    await use(shard);
  } finally {
    await shard.close();
  }
};

// side by side: each of them mostly waits for the 15 seconds
describe.concurrent('lost executors', { timeout: 60_000 }, () => {
  test('a second attempt follows on another executor, and the late result of the first changes nothing', async () =>
    withShard(async (shard) => {
      await shard.scheduler(2);
      const lost = await shard.executor({ id: 'ex_lost', slots: 2, manner: 'hold' });
      const [retried, given] = [aRunId(), aRunId()];
      await shard.record(
        requested({ runId: retried, policy: policyWith(1) }),
        requested({ runId: given, policy: policyWith(0) }),
      );
      await eventually(() => expect(lost.held).toEqual([retried, given]));
      // What it wrote is recorded, and not only on its way.
      for (const runId of [retried, given])
        await eventually(() => expect(shard.historyOf(runId)).toBe('requested dispatched started'));
      await lost.vanish();
      const second = await shard.executor({ id: 'ex_second', slots: 2, manner: 'hold' });
      await eventually(() => expect(second.held).toEqual([retried]), LOST);
      expect(second.dispatches[0]?.attempt).toBe(2);
      const history = 'requested dispatched started attempt.lost dispatched started';
      await eventually(() => expect(shard.historyOf(retried)).toBe(history));
      await eventually(() => expect(shard.historyOf(given)).toBe('requested dispatched started attempt.lost failed'));
      expect(shard.find(given, 'dev.millrace.run.failed.v1')?.data.error.code).toBe('executor_lost');

      const [dispatch] = lost.dispatches;
      if (dispatch === undefined) throw new Error('it was dispatched');
      await shard.record({ ...dispatch, id: 'late', type: 'dev.millrace.run.completed.v1', data: {} });
      await second.finish(retried);
      const next = aRunId();
      await shard.record(requested({ runId: next, policy: policyWith(0) }));
      await eventually(() => expect(second.held).toEqual([next]));
      expect([shard.statusOf(retried), shard.statusOf(given)]).toEqual(['completed', 'failed']);
    }));

  test('an executor that vanished together with the scheduler is lost once the next one has waited long enough', async () =>
    withShard(async (shard) => {
      const first = await shard.scheduler(1);
      const lost = await shard.executor({ id: 'ex_lost', slots: 1, manner: 'hold' });
      const runId = aRunId();
      await shard.record(requested({ runId, policy: policyWith(1) }));
      await eventually(() => expect(shard.historyOf(runId)).toBe('requested dispatched started'));
      await Promise.all([lost.vanish(), first.kill('SIGKILL')]);
      const startedMs = performance.now();
      await shard.scheduler(1);
      const second = await shard.executor({ id: 'ex_second', slots: 1, manner: 'hold' });
      await eventually(() => expect(second.held).toEqual([runId]), LOST);
      expect(performance.now() - startedMs).toBeGreaterThan(15_000);
      const history = 'requested dispatched started attempt.lost dispatched started';
      await eventually(() => expect(shard.historyOf(runId)).toBe(history));
    }));

  test('a run is taken from a living executor that never noticed it', async () =>
    withShard(async (shard) => {
      await shard.scheduler(1);
      const deaf = await shard.executor({ id: 'ex_deaf', slots: 1, manner: 'ignore', heartbeatMs: 100 });
      const runId = aRunId();
      await shard.record(requested({ runId, policy: policyWith(1) }));
      await eventually(() => expect(deaf.lastAnswer?.dropped).toEqual([{ runId, attempt: 1 }]));
      await eventually(() => expect(shard.historyOf(runId)).toBe('requested dispatched attempt.lost dispatched'));
    }));
});
