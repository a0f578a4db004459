import { executorSource, type WorkflowVersion } from '@millrace/contracts';
import { openCatalog, openSchedules, openTriggerStates } from '@millrace/eventlog';
import { aRunId, attemptFailed, cancelRequested, eventually, requested } from '@millrace/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TestShard } from '../../testing/test-shard.ts';

const SHARD = 0;
const PATIENT = { timeoutMs: 25_000 };

let shard: TestShard;
beforeEach(async () => {
  shard = await TestShard.open();
});
afterEach(async () => {
  await shard.close();
});

const policyWith = (firstMs: number) => ({
  timeoutMs: 60_000,
  onLimit: 'queue' as const,
  retries: { failed: 2, lost: 0, backoff: { firstMs, factor: 1, maxMs: firstMs, jitter: 0 } },
});

/** Has the first attempt fail that a held run makes. */
const failFirst = async (runId: string): Promise<void> => {
  await eventually(() => expect(shard.historyOf(runId)).toBe('requested dispatched started'));
  await shard.record(attemptFailed({ runId, attempt: 1, source: executorSource('ex_a') }));
  await eventually(() => expect(shard.historyOf(runId)).toMatch(/attempt\.failed retry\.scheduled/));
};

const timeOf = (runId: string, attempt: number): number =>
  Date.parse(
    shard.events.find(
      (event) =>
        event.subject === runId && event.attempt === attempt && event.type === 'dev.millrace.run.dispatched.v1',
    )?.time ?? '',
  );

test('a run that waits for its next attempt takes no slot, and goes on when its time has come', async () => {
  await shard.scheduler(1);
  const executor = await shard.executor({ id: 'ex_a', slots: 1, manner: 'hold' });
  const [first, second] = [aRunId(), aRunId()];
  await shard.record(requested({ runId: first, policy: policyWith(1_500) }), requested({ runId: second }));
  await failFirst(first);
  await eventually(() => expect(executor.held).toContain(second));
  await executor.finish(second);
  await eventually(() => expect(timeOf(first, 2)).not.toBeNaN());
  const told = shard.find(first, 'dev.millrace.run.retry.scheduled.v1');
  if (told?.type !== 'dev.millrace.run.retry.scheduled.v1') throw new Error('nothing was scheduled');
  expect(told).toMatchObject({ attempt: 1, data: { delayMs: 1_500 } });
  expect(timeOf(first, 2)).toBeGreaterThanOrEqual(Date.parse(told.data.notBefore));
});

test('a run that waits for its next attempt is cancelled at once', async () => {
  await shard.scheduler(1);
  await shard.executor({ id: 'ex_a', slots: 1, manner: 'hold' });
  const runId = aRunId();
  await shard.record(requested({ runId, policy: policyWith(3_600_000) }));
  await failFirst(runId);
  await shard.record(cancelRequested({ runId }));
  await eventually(() => expect(shard.statusOf(runId)).toBe('cancelled'));
});

test('with the scheduler killed and every alarm gone, runs go on when they are due, once', async () => {
  const scheduler = await shard.scheduler(4);
  const executor = await shard.executor({ id: 'ex_a', slots: 4, manner: 'hold' });
  const [retried, delayed, far] = [aRunId(), aRunId(), aRunId()];
  const notBefore = (ms: number): string => new Date(Date.now() + ms).toISOString();
  await shard.record(
    requested({ runId: retried, policy: policyWith(4_000) }),
    requested({ runId: delayed, notBefore: notBefore(4_000) }),
    requested({ runId: far, notBefore: notBefore(3_600_000) }),
  );
  await failFirst(retried);
  const schedules = openSchedules(shard.connection, SHARD);
  const alarms = [`run.${retried}.1`, `run.${delayed}.0`, `run.${far}.0`];
  await eventually(async () => expect([...(await schedules.armed())].sort()).toEqual([...alarms].sort()));
  await scheduler.kill('SIGKILL');
  await shard.loseSchedules();
  await shard.scheduler(4);
  const again = 'requested dispatched started attempt.failed retry.scheduled dispatched started';
  await eventually(() => {
    expect(shard.historyOf(retried)).toBe(again);
    expect(shard.historyOf(delayed)).toBe('requested dispatched started');
  }, PATIENT);
  expect(executor.dispatches.filter(({ subject }) => subject === retried).map(({ attempt }) => attempt)).toEqual([
    1, 2,
  ]);
  expect(executor.dispatches.filter(({ subject }) => subject === far)).toEqual([]);
  await eventually(async () => expect([...(await schedules.armed())]).toEqual([`run.${far}.0`]));
});

test('with the stream of alarms deleted under the leader, it is made anew and runs go on', async () => {
  await shard.scheduler(4);
  const executor = await shard.executor({ id: 'ex_a', slots: 4, manner: 'complete' });
  const [before, far, after] = [aRunId(), aRunId(), aRunId()];
  const notBefore = (ms: number): string => new Date(Date.now() + ms).toISOString();
  await shard.record(
    requested({ runId: before, notBefore: notBefore(3_000) }),
    requested({ runId: far, notBefore: notBefore(3_600_000) }),
  );
  const schedules = openSchedules(shard.connection, SHARD);
  await eventually(async () => expect((await schedules.armed()).size).toBe(2));
  await shard.deleteSchedules();
  await shard.record(requested({ runId: after, notBefore: notBefore(1_000) }));
  await eventually(() => {
    expect([before, after].map((runId) => shard.statusOf(runId))).toEqual(['completed', 'completed']);
  }, PATIENT);
  await eventually(async () => expect([...(await schedules.armed())]).toEqual([`run.${far}.0`]), PATIENT);
  expect(executor.dispatches).toHaveLength(2);
});

const version: WorkflowVersion = {
  version: 'a'.repeat(64),
  kind: 'script',
  file: 'tick.sh',
  description: '',
  methods: ['POST'],
  schedules: ['ticks', 'witness'].map((id) => ({
    id,
    cron: '* * * * * *',
    timezone: 'UTC',
    catchUp: 'latest',
    enabled: true,
    input: { id },
  })),
  policy: { timeoutMs: 60_000, retries: { failed: 0, lost: 0 } },
  deployedAt: new Date().toISOString(),
  deployedFrom: 'time/tick.sh',
};

test('a schedule starts one run for each instant, over the loss of the scheduler, until it is disabled', async () => {
  const catalog = openCatalog(shard.connection);
  const states = openTriggerStates(shard.connection);
  const first = await shard.scheduler(4);
  await shard.executor({ id: 'ex_a', slots: 4, manner: 'complete' });
  const instants = (id = 'ticks'): (string | undefined)[] =>
    shard.events.flatMap((event) =>
      event.type === 'dev.millrace.run.requested.v1' && event.data.trigger?.id === id ? [event.data.scheduledFor] : [],
    );
  const current = { ...version, deployedAt: new Date().toISOString() };
  await catalog.put({ workspace: 'default', path: 'time/tick', current });
  await eventually(() => expect(instants().length).toBeGreaterThanOrEqual(3), PATIENT);
  await first.kill('SIGKILL');
  const before = instants().length;
  await shard.scheduler(4);
  await eventually(() => expect(instants().length).toBeGreaterThanOrEqual(before + 3), PATIENT);

  const name = { workspace: 'default', workflow: 'time/tick', trigger: 'ticks' };
  const at = new Date().toISOString();
  await states.change(name, () => ({ ...name, state: 'disabled', reason: 'enough', at }));
  await eventually(async () => {
    const [count, seen] = [instants().length, instants('witness').length];
    await eventually(() => expect(instants('witness').length).toBeGreaterThan(seen + 2));
    expect(instants()).toHaveLength(count);
  }, PATIENT);

  expect(new Set(instants()).size).toBe(instants().length);
  expect(instants().every((instant) => Date.parse(instant ?? '') % 1_000 === 0)).toBe(true);
  expect(instants()).toEqual([...instants()].sort());
  const request = shard.events.find(
    (event) => event.type === 'dev.millrace.run.requested.v1' && event.data.trigger?.id === 'ticks',
  );
  expect(request).toMatchObject({
    workflow: 'time/tick',
    data: {
      input: { id: 'ticks' },
      dialect: 'schedule',
      requestedBy: 'trigger:time/tick#ticks',
      trigger: { id: 'ticks', verified: 'schedule', delivery: instants()[0] },
    },
  });
  await eventually(() => {
    for (const event of shard.events) {
      if (event.type === 'dev.millrace.run.requested.v1') expect(shard.statusOf(event.subject)).toBe('completed');
    }
  });
  await Promise.all([catalog.close(), states.close()]);
});
