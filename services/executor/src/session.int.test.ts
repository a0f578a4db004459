import { randomUUID } from 'node:crypto';
import { aRunId, eventually } from '@millrace/testkit';
import { afterEach, describe, expect, test } from 'vitest';
import { processesWith } from '../testing/processes.ts';
import { type Driver, type DriverOptions, names, startDriver } from '../testing/scheduler-driver.ts';

let driver: Driver;
afterEach(() => driver.close());

const begin = async (options: DriverOptions = {}): Promise<void> => {
  driver = await startDriver({
    ...options,
    env: { MILLRACE_HEARTBEAT_MS: '50', MILLRACE_DRAIN_GRACE_MS: '100', ...options.env },
  });
};

/** A script that runs for a minute, with a child, both marked. */
const startLong = async (): Promise<{ readonly runId: string; readonly mark: string }> => {
  const mark = randomUUID();
  const version = await driver.deploy(
    'long.sh',
    `trap '' TERM\nsh -c 'sleep 60; : ${mark}' &\nsh -c 'sleep 60; : ${mark}'\n`,
  );
  const runId = (await driver.dispatch({ version })).subject;
  await eventually(() => expect(processesWith(mark).length).toBe(2));
  await eventually(() => expect(names(driver.eventsOf(runId))).toEqual(['started']));
  return { runId, mark };
};

describe('a session', () => {
  test('announces what it holds', async () => {
    await begin();
    const { runId } = await startLong();
    await eventually(() => expect(driver.heartbeats.at(-1)?.held).toEqual([{ runId, attempt: 1 }]));
    expect(driver.heartbeats.at(-1)).toMatchObject({ slots: 64, draining: false });
  });

  test('without answers kills everything in time, says nothing, and begins anew under another id', async () => {
    // Long enough for a heartbeat of a busy machine, so that it is not fenced before it shall be.
    await begin({ leaseMs: 3_000 });
    const { runId, mark } = await startLong();
    const { executor } = driver.heartbeats.at(-1)!;
    driver.answer(false);
    await eventually(() => expect(processesWith(mark)).toEqual([]), { timeoutMs: 6_000 });
    driver.answer(true);
    await eventually(() => expect(driver.heartbeats.at(-1)?.executor).not.toBe(executor));
    expect(driver.heartbeats.at(-1)?.held).toEqual([]);
    const version = await driver.deploy('next.sh', 'echo 1\n');
    await driver.ending((await driver.dispatch({ version })).subject);
    expect(names(driver.eventsOf(runId))).toEqual(['started']);
  });

  test('kills an attempt that was taken away without a word, and does not start it when it arrives later', async () => {
    await begin();
    const { runId, mark } = await startLong();
    const late = { runId: aRunId(), attempt: 1 };
    driver.drop({ runId, attempt: 1 });
    driver.drop(late);
    await eventually(() => expect(driver.heartbeats.at(-1)?.held).toEqual([]));
    await eventually(() => expect(processesWith(mark)).toEqual([]), { timeoutMs: 10_000 });
    const version = await driver.deploy('next.sh', 'echo 1\n');
    await driver.dispatch({ version, runId: late.runId });
    await driver.ending((await driver.dispatch({ version, runId: late.runId, attempt: 2 })).subject);
    expect(names(driver.eventsOf(late.runId))).toEqual(['started', 'completed']);
    expect(driver.eventsOf(late.runId).map(({ attempt }) => attempt)).toEqual([2, 2]);
    expect(names(driver.eventsOf(runId))).toEqual(['started']);
  });

  test('frozen beyond its lease leaves no script running meanwhile', async () => {
    // Long enough for a busy machine to start the script within it.
    await begin({ leaseMs: 3_000 });
    const { mark } = await startLong();
    process.kill(driver.executor.pid, 'SIGSTOP');
    try {
      await eventually(() => expect(processesWith(mark)).toEqual([]), { timeoutMs: 10_000 });
    } finally {
      process.kill(driver.executor.pid, 'SIGCONT');
    }
  });

  test('that ends lets runs finish, then records the rest as lost and exits with 0', async () => {
    await begin({ env: { MILLRACE_DRAIN_GRACE_MS: '500' } });
    const { runId, mark } = await startLong();
    const version = await driver.deploy('short.sh', 'sleep 0.3; echo 7\n');
    const short = (await driver.dispatch({ version })).subject;
    await eventually(() => expect(names(driver.eventsOf(short))).toEqual(['started']));
    expect(await driver.executor.stop()).toBe(0);
    expect((await driver.ending(short)).data).toEqual({ output: 7, exitCode: 0 });
    expect((await driver.ending(runId)).data).toMatchObject({ reason: 'executor stopped' });
    expect(processesWith(mark)).toEqual([]);
    expect(driver.heartbeats.some(({ draining }) => draining)).toBe(true);
  });
});

describe('an executor that is killed', () => {
  test('leaves no script and no host behind', async () => {
    await begin();
    const { mark } = await startLong();
    await driver.executor.kill();
    await eventually(() => expect(processesWith(mark)).toEqual([]), { timeoutMs: 2_000 });
    await eventually(() => expect(processesWith(driver.dataDir)).toEqual([]), { timeoutMs: 3_000 });
  });

  test('at the same instant as its spawners leaves no script behind, nor a workflow that never yields', async () => {
    await begin();
    const loop = await driver.deploy(
      'workflow.mjs',
      `export default { [Symbol.for('millrace.workflow')]: { definition: {}, handler: () => { for (;;); } } };`,
    );
    await driver.dispatch({ version: loop, kind: 'workflow' });
    const { mark } = await startLong();
    const spawners = processesWith('scripts/spawner.ts').filter((pid) => processesWith(driver.dataDir).includes(pid));
    expect(spawners.length).toBe(2);
    for (const pid of [...spawners, driver.executor.pid]) process.kill(pid, 'SIGKILL');
    await eventually(() => expect(processesWith(mark)).toEqual([]), { timeoutMs: 3_000 });
    await eventually(() => expect(processesWith(driver.dataDir)).toEqual([]), { timeoutMs: 3_000 });
  });

  test('a spawner that is killed loses its scripts only, and another takes its place', async () => {
    await begin({ env: { MILLRACE_SPAWNERS: '1' } });
    const { runId, mark } = await startLong();
    const [spawner] = processesWith(`spawner.ts ${driver.dataDir}`);
    process.kill(spawner!, 'SIGKILL');
    expect((await driver.ending(runId)).type).toBe('dev.millrace.run.attempt.lost.v1');
    await eventually(() => expect(processesWith(mark)).toEqual([]));
    const version = await driver.deploy('next.sh', 'echo 1\n');
    expect((await driver.ending((await driver.dispatch({ version })).subject)).type).toBe(
      'dev.millrace.run.completed.v1',
    );
  });
});
