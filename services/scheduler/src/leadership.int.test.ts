import { acquireLease } from '@millrace/eventlog';
import { aRunId, eventually, requested } from '@millrace/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TestShard } from '../testing/test-shard.ts';

const EXIT_DEPOSED = 75;
const TAKE_OVER = { timeoutMs: 25_000 };

let shard: TestShard;
beforeEach(async () => {
  shard = await TestShard.open();
});
afterEach(async () => {
  await shard.close();
});

const policy = { timeoutMs: 60_000, onLimit: 'queue', retries: { failed: 0, lost: 0 } } as const;
const detailOf = async (adminUrl: string): Promise<unknown> => {
  const { dependencies } = (await (await fetch(`${adminUrl}/health/ready`)).json()) as {
    dependencies: { scheduler: { detail: string } };
  };
  return dependencies.scheduler.detail;
};

test('the second stands by, takes over from a leader that is stopped, and the first ends when it wakes', async () => {
  const first = await shard.scheduler(4);
  const second = await shard.scheduler(4);
  expect([await detailOf(first.adminUrl), await detailOf(second.adminUrl)]).toEqual(['leading', 'standing by']);
  const executor = await shard.executor({ id: 'ex_a', slots: 4, manner: 'complete' });
  const [before, meanwhile, after] = [aRunId(), aRunId(), aRunId()];
  await shard.record(requested({ runId: before, policy }));
  await eventually(() => expect(shard.statusOf(before)).toBe('completed'));

  process.kill(first.pid, 'SIGSTOP');
  await shard.record(requested({ runId: meanwhile, policy }));
  await eventually(() => expect(shard.statusOf(meanwhile)).toBe('completed'), TAKE_OVER);
  expect(await detailOf(second.adminUrl)).toBe('leading');

  process.kill(first.pid, 'SIGCONT');
  await shard.record(requested({ runId: after, policy }));
  await eventually(() => expect(first.isAlive()).toBe(false), TAKE_OVER);
  expect(await first.stop()).toBe(EXIT_DEPOSED);
  await eventually(() => expect(shard.statusOf(after)).toBe('completed'));
  expect(executor.dispatches.map(({ subject, attempt }) => [subject, attempt])).toEqual(
    [before, meanwhile, after].map((runId) => [runId, 1]),
  );
});

test('a leader that has nothing to write learns from the log that another took its lease', async () => {
  const scheduler = await shard.scheduler();
  await acquireLease(shard.connection, { shard: 0, holder: 'somebody else' });
  await eventually(() => expect(scheduler.isAlive()).toBe(false), TAKE_OVER);
  expect(await scheduler.stop()).toBe(EXIT_DEPOSED);
});

test('the one that stands by takes over when the leader ends', async () => {
  const first = await shard.scheduler();
  const second = await shard.scheduler();
  await first.kill('SIGKILL');
  await eventually(async () => expect(await detailOf(second.adminUrl)).toBe('leading'), TAKE_OVER);
});
