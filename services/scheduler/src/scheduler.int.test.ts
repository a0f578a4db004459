import { messagingSubject, type RunEvent, type RunPolicy } from '@millrace/contracts';
import { evolveRun, type RunState } from '@millrace/domain';
import { subscribe } from '@millrace/eventlog';
import { aRunId, cancelRequested, eventually, requested } from '@millrace/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TestShard } from '../testing/test-shard.ts';

const policy = (its: Partial<RunPolicy> = {}): RunPolicy => ({
  timeoutMs: 60_000,
  onLimit: 'queue',
  retries: { failed: 0, lost: 1 },
  ...its,
});

let shard: TestShard;
beforeEach(async () => {
  shard = await TestShard.open();
});
afterEach(async () => {
  await shard.close();
});

/** Reads the log event by event and gives the most runs that held a slot at any position. */
const mostHeld = (events: readonly RunEvent[], of: (event: RunEvent) => string): Map<string, number> => {
  const runs = new Map<string, RunState | undefined>();
  const held = new Map<string, Set<string>>();
  const most = new Map<string, number>();
  for (const event of events) {
    const run = evolveRun(runs.get(event.subject), event);
    runs.set(event.subject, run);
    const group = held.get(of(event)) ?? new Set<string>();
    held.set(of(event), group);
    if (run?.status === 'dispatched' || run?.status === 'running') group.add(event.subject);
    else group.delete(event.subject);
    most.set(of(event), Math.max(most.get(of(event)) ?? 0, group.size));
  }
  return most;
};

test('no limit is exceeded at any position of the log, and every run ends', async () => {
  await shard.scheduler(4);
  await shard.executor({ id: 'ex_a', slots: 3, manner: 'complete' });
  await shard.executor({ id: 'ex_b', slots: 3, manner: 'complete' });
  const ids = Array.from({ length: 300 }, aRunId);
  await Promise.all(
    ids.map((runId, index) =>
      shard.record(
        index % 3 === 0
          ? requested({ runId, workflow: 'a/one', policy: policy({ concurrency: 1 }) })
          : requested({ runId, workflow: `a/w${index % 2}`, policy: policy() }),
      ),
    ),
  );
  await eventually(() => expect(new Set(ids.map((id) => shard.statusOf(id)))).toEqual(new Set(['completed'])), {
    timeoutMs: 25_000,
  });
  expect(mostHeld(shard.events, () => 'all').get('all')).toBeLessThanOrEqual(4);
  expect(mostHeld(shard.events, ({ workflow }) => workflow).get('a/one')).toBe(1);
  expect(new Set(ids.map((id) => shard.historyOf(id)))).toEqual(new Set(['requested dispatched started completed']));
});

test('a dispatch carries what the executor needs, from memory or read back from the log', async () => {
  await shard.scheduler();
  const executor = await shard.executor({ id: 'ex_a', slots: 4, manner: 'complete' });
  const small = requested({ input: { a: 1 }, env: { TARGET: 'x' }, policy: policy() });
  const large = requested({
    input: { text: 'ü\0'.repeat(50_000) },
    policy: policy({ retries: { failed: 2, lost: 0 } }),
  });
  await shard.record(small, large);
  await eventually(() => expect(executor.dispatches).toHaveLength(2));
  for (const [request, retryOnFailure] of [
    [small, false],
    [large, true],
  ] as const) {
    const { version, kind, input, env } = request.data;
    const dispatch = executor.dispatches.find(({ subject }) => subject === request.subject);
    expect(dispatch).toMatchObject({
      attempt: 1,
      workspace: 'default',
      workflow: 'tests/example',
      causationid: request.id,
      data: { executor: 'ex_a', version, kind, input, env, timeoutMs: 60_000, retryOnFailure },
    });
    expect(dispatch?.traceparent?.slice(0, 35)).toBe(request.traceparent?.slice(0, 35));
    expect(dispatch?.traceparent).not.toBe(request.traceparent);
  }
});

test('a cancelled run that waits ends without being dispatched, one that runs is hinted to its executor', async () => {
  await shard.scheduler(1);
  const executor = await shard.executor({ id: 'ex_a', slots: 4, manner: 'hold' });
  const [running, waiting, last] = [aRunId(), aRunId(), aRunId()];
  const replies: unknown[] = [];
  const replyTo = messagingSubject.reply('gw', waiting);
  const listening = subscribe(shard.connection, replyTo, (text) => replies.push(JSON.parse(text)));
  await shard.record(
    requested({ runId: running, policy: policy() }),
    requested({ runId: waiting, policy: policy(), replyTo }),
    requested({ runId: last, policy: policy() }),
  );
  await eventually(() => expect(executor.held).toEqual([running]));
  await shard.record(cancelRequested({ runId: waiting }), cancelRequested({ runId: running }));
  await eventually(() => expect(shard.statusOf(waiting)).toBe('cancelled'));
  await eventually(() => expect(executor.cancelHints).toEqual([running]));
  await eventually(() => expect(executor.lastAnswer?.cancel).toEqual([running]));
  await executor.finish(running);
  await eventually(() => expect(executor.held).toEqual([last]));
  await eventually(() => expect(executor.lastAnswer?.cancel).toEqual([]));
  expect(shard.historyOf(waiting)).toBe('requested cancel.requested cancelled');
  expect(shard.find(waiting, 'dev.millrace.run.cancelled.v1')).not.toHaveProperty('attempt');
  expect(replies).toEqual([shard.find(waiting, 'dev.millrace.run.cancelled.v1')]);
  listening.close();
});

test('a caller that will not wait hears at once that its run starts, or that it is rejected', async () => {
  await shard.scheduler(1);
  await shard.executor({ id: 'ex_a', slots: 4, manner: 'hold' });
  const [first, second] = [aRunId(), aRunId()];
  const replies = new Map<string, string>();
  const listening = subscribe(shard.connection, messagingSubject.replies('gw'), (text) => {
    const { subject, type } = JSON.parse(text) as RunEvent;
    replies.set(subject, type);
  });
  const request = (runId: string): RunEvent =>
    requested({ runId, policy: policy({ onLimit: 'reject' }), replyTo: messagingSubject.reply('gw', runId) });
  await shard.record(request(first));
  await eventually(() => expect(replies.get(first)).toBe('dev.millrace.run.dispatched.v1'));
  await shard.record(request(second));
  await eventually(() => expect(replies.get(second)).toBe('dev.millrace.run.rejected.v1'));
  expect(shard.find(second, 'dev.millrace.run.rejected.v1')?.data.error.code).toBe('limit');
  listening.close();
});

test('after a restart it goes on where the log ends: nothing is dispatched twice, nothing is forgotten', async () => {
  const first = await shard.scheduler(2);
  const executor = await shard.executor({ id: 'ex_a', slots: 8, manner: 'hold' });
  const ids = Array.from({ length: 6 }, aRunId);
  await shard.record(...ids.map((runId) => requested({ runId, policy: policy() })));
  await eventually(() => expect(executor.held).toEqual(ids.slice(0, 2)));
  await first.kill('SIGKILL');
  await executor.finish(ids[0] ?? '');
  await shard.record(cancelRequested({ runId: ids[3] ?? '' }));
  await shard.scheduler(2);
  await eventually(() => expect(executor.held).toEqual([ids[1], ids[2]]));
  await eventually(() => expect(shard.statusOf(ids[3] ?? '')).toBe('cancelled'));
  for (const runId of [ids[1], ids[2]]) await executor.finish(runId ?? '');
  await eventually(() => expect(executor.held).toEqual([ids[4], ids[5]]));
  expect(executor.dispatches.map(({ subject, attempt }) => [subject, attempt])).toEqual(
    [0, 1, 2, 4, 5].map((index) => [ids[index], 1]),
  );
});

test('tells on its admin port that it leads, and what waits and runs', async () => {
  const { adminUrl, stop } = await shard.scheduler(1);
  await shard.executor({ id: 'ex_a', slots: 4, manner: 'hold' });
  await shard.record(requested({ policy: policy() }), requested({ policy: policy() }));
  const health = await fetch(`${adminUrl}/health/ready`);
  expect([health.status, await health.json()]).toMatchObject([
    200,
    { dependencies: { scheduler: { detail: 'leading' } } },
  ]);
  await eventually(async () => {
    const text = await (await fetch(`${adminUrl}/metrics`)).text();
    expect(text).toMatch(/^millrace_scheduler_waiting_runs\{.*\} 1$/m);
    expect(text).toMatch(/^millrace_scheduler_running_runs\{.*\} 1$/m);
    expect(text).toMatch(/^millrace_scheduler_dispatches_total\{.*\} 1$/m);
    expect(text).toMatch(/^millrace_scheduler_lease_sequence\{.*\} [1-9]\d*$/m);
  });
  expect(await stop()).toBe(0);
});
