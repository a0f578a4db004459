import { eventually } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Driver, names, startDriver } from '../../testing/scheduler-driver.ts';

let driver: Driver;
beforeAll(async () => {
  driver = await startDriver({
    env: { MILLRACE_KILL_GRACE_MS: '300', MILLRACE_WORKFLOW_HOSTS: '1', MILLRACE_WORKFLOW_HEAP_MB: '64' },
  });
});
afterAll(() => driver.close());

/** A bundle as deploy makes it, with its own copy of the brand. */
const bundle = (handler: string): string =>
  `export default { [Symbol.for('millrace.workflow')]: { definition: {}, handler: ${handler} } };`;

const start = async (handler: string, more: Parameters<Driver['dispatch']>[0] = {}): Promise<string> => {
  const version = await driver.deploy('workflow.mjs', bundle(handler));
  return (await driver.dispatch({ version, kind: 'workflow', ...more })).subject;
};

const pidOf = async (): Promise<unknown> => {
  const ending = await driver.ending(await start('() => process.pid'));
  return (ending.data as { output: unknown }).output;
};

describe('a workflow', () => {
  test('gets what a run is, and returns its output', async () => {
    const runId = await start('async ({ input, env, run }) => ({ input, env, run })', {
      input: { a: 1 },
      env: { TARGET: 'x' },
    });
    const { data, traceparent } = await driver.ending(runId);
    expect(data).toEqual({
      output: {
        input: { a: 1 },
        env: { TARGET: 'x' },
        run: { id: runId, workflow: 'tests/example', version: expect.any(String), attempt: 1, traceparent },
      },
    });
    expect(names(driver.eventsOf(runId))).toEqual(['started', 'completed']);
  });

  test('knows how it was asked for', async () => {
    const trigger = { id: 'hook', method: 'POST', path: '/run/tests/example', verified: 'token' };
    const cloudEvent = { specversion: '1.0', id: 'a', source: '/s', type: 't' };
    const asked = await start('({ trigger, cloudEvent }) => ({ trigger, cloudEvent })', { trigger, cloudEvent });
    expect((await driver.ending(asked)).data).toEqual({ output: { trigger, cloudEvent } });
    const unasked = await start('({ trigger, cloudEvent }) => [typeof trigger, typeof cloudEvent]');
    expect((await driver.ending(unasked)).data).toEqual({ output: ['undefined', 'undefined'] });
  });

  test('001 early return: answers before it ends, once, and goes on', async () => {
    const handler = `async ({ respond }) => {
      respond({ early: true });
      respond('again');
      await new Promise((resolve) => setTimeout(resolve, 50));
      throw new Error('later');
    }`;
    const runId = await start(handler);
    await driver.ending(runId);
    const events = driver.eventsOf(runId);
    expect(names(events)).toEqual(['started', 'responded', 'failed']);
    expect(events[1]).toMatchObject({ attempt: 1, data: { response: { early: true } } });
  });

  test.each([
    ['a BigInt', '1n', 'no JSON'],
    ['more than 1 MiB', "'x'.repeat(1_048_576)", 'at most 1048576'],
  ])('cannot answer with %s, and may go on', async (_, value, why) => {
    const runId = await start(
      `({ respond }) => { try { respond(${value}); } catch (error) { return error.message; } }`,
    );
    expect((await driver.ending(runId)).data).toEqual({ output: expect.stringContaining(why) });
    expect(names(driver.eventsOf(runId))).toEqual(['started', 'completed']);
  });

  test('that returns nothing completes without output', async () => {
    expect((await driver.ending(await start('() => {}'))).data).toEqual({});
  });

  test.each([
    ['a BigInt', '() => ({ n: 1n })'],
    ['a cycle', '() => { const a = {}; a.a = a; return a; }'],
    ['a function', '() => () => 1'],
  ])('that returns %s fails with output_invalid', async (_, handler) => {
    expect(await driver.ending(await start(handler))).toMatchObject({
      type: 'dev.millrace.run.failed.v1',
      data: { error: { code: 'output_invalid', message: expect.stringContaining('the result is no JSON') } },
    });
  });

  test('that returns more than 1 MiB fails with output_too_large', async () => {
    const { data } = await driver.ending(await start("() => 'x'.repeat(1_048_576)"));
    expect(data).toMatchObject({ error: { code: 'output_too_large' } });
  });

  test('that throws fails with message and stack', async () => {
    const { data } = await driver.ending(await start("async function charge() { throw new Error('no money') }"));
    expect(data).toMatchObject({ error: { code: 'exception', message: 'no money' } });
    const { stack } = (data as { error: { stack: string } }).error;
    expect(stack).toMatch(/no money\n.*charge \(workflow\.mjs:\d+:\d+\)/);
    expect(stack).not.toContain('/');
  });

  test('whose bundle cannot be imported fails with start_failed', async () => {
    const version = await driver.deploy('workflow.mjs', 'export default 1;');
    const runId = (await driver.dispatch({ version, kind: 'workflow' })).subject;
    expect((await driver.ending(runId)).data).toMatchObject({ error: { code: 'start_failed' } });
  });

  test('keeps the output of runs side by side apart', async () => {
    const handler = `async ({ input, log, progress }) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      console.log('hello', input.name); console.error('oh'); log.info('noted', { name: input.name }); progress(50, 'half');
    }`;
    const [a, b] = await Promise.all([
      start(handler, { input: { name: 'a' } }),
      start(handler, { input: { name: 'b' } }),
    ]);
    await Promise.all([driver.ending(a), driver.ending(b)]);
    await eventually(() => {
      expect(driver.textOf(a)).toBe('hello a\noh\ninfo noted {"name":"a"}\n');
      expect(driver.textOf(b)).toBe('hello b\noh\ninfo noted {"name":"b"}\n');
    });
    expect(names(driver.eventsOf(a))).toEqual(['started', 'progressed', 'completed']);
  });

  test('is told to end when its time is up', async () => {
    const handler = `({ input, signal }) => input.quick ? 1 : new Promise((_, reject) =>
      signal.addEventListener('abort', () => { console.log(signal.reason.name); reject(signal.reason); }))`;
    // Imported ahead: it begins before its time is up, however busy the machine is.
    await driver.ending(await start(handler, { input: { quick: true } }));
    const runId = await start(handler, { timeoutMs: 1_000 });
    expect(await driver.ending(runId)).toMatchObject({ type: 'dev.millrace.run.timed_out.v1' });
    await eventually(() => expect(driver.textOf(runId)).toBe('TimeoutError\n'));
  });

  test('that does not end when it is cancelled is ended, and its process retired', async () => {
    const before = await pidOf();
    const runId = await start('() => new Promise(() => setInterval(() => {}, 1000))');
    await eventually(() => expect(names(driver.eventsOf(runId))).toEqual(['started']));
    driver.cancel(runId);
    expect((await driver.ending(runId)).type).toBe('dev.millrace.run.cancelled.v1');
    expect(await pidOf()).not.toBe(before);
  });

  test('that throws outside of its handler fails alone', async () => {
    const runId = await start("() => new Promise(() => setTimeout(() => { throw new Error('later') }, 10))");
    expect((await driver.ending(runId)).data).toMatchObject({ error: { code: 'exception', message: 'later' } });
  });

  test.each(['process.exit(1)', 'process.kill(process.ppid)', "process.kill(process.ppid, 'SIGKILL')"])(
    'cannot end the process of others by %s',
    async (text) => {
      const { data } = await driver.ending(await start(`() => ${text}`));
      expect(data).toMatchObject({ error: { code: 'exception' } });
    },
  );

  test('may ask whether the executor is there', async () => {
    const { data } = await driver.ending(await start('() => process.kill(process.ppid, 0)'));
    expect(data).toEqual({ output: true });
  });

  test('whose time is up while its bundle is imported does not begin, and costs nobody anything', async () => {
    const before = await pidOf();
    const slow = `await new Promise((resolve) => setTimeout(resolve, 3_000));
      ${bundle('() => { for (;;); }')}`;
    const version = await driver.deploy('workflow.mjs', slow);
    const { subject } = await driver.dispatch({ version, kind: 'workflow', timeoutMs: 1_000 });
    expect((await driver.ending(subject)).type).toBe('dev.millrace.run.timed_out.v1');
    // Sent to the same process, and answered after the import is over.
    const after = await driver.ending(
      await start('async () => { await new Promise((resolve) => setTimeout(resolve, 3_000)); return process.pid; }'),
    );
    expect(after.data).toEqual({ output: before });
  });
});

describe('a host that dies', () => {
  test.each([
    ['crashes', '() => process.kill(process.pid, "SIGSEGV")'],
    ['runs out of memory', '() => { const all = []; for (;;) all.push(new Array(1e6).fill({})); }'],
  ])('loses its runs when it %s, and the next ones run in another', async (_, handler) => {
    const neighbour = await start('() => new Promise(() => {})');
    await eventually(() => expect(names(driver.eventsOf(neighbour))).toEqual(['started']));
    const runId = await start(handler);
    expect((await driver.ending(runId)).type).toBe('dev.millrace.run.attempt.lost.v1');
    expect((await driver.ending(neighbour)).type).toBe('dev.millrace.run.attempt.lost.v1');
    expect(await pidOf()).toEqual(expect.any(Number));
  });

  test('in an endless loop costs that run its time, its neighbours their attempt, and later attempts nothing', async () => {
    const neighbour = await start('() => new Promise(() => {})');
    await eventually(() => expect(names(driver.eventsOf(neighbour))).toEqual(['started']));
    const handler = '({ input }) => { while (input.loop); }';
    // Imported ahead: the loop begins before its time is up, however busy the machine is.
    await driver.ending(await start(handler, { input: { loop: false } }));
    const loop = await start(handler, { input: { loop: true }, timeoutMs: 1_000 });
    const second = await start('() => process.pid', { attempt: 2 });
    expect((await driver.ending(second)).type).toBe('dev.millrace.run.completed.v1');
    expect((await driver.ending(loop)).type).toBe('dev.millrace.run.timed_out.v1');
    expect(await driver.ending(neighbour)).toMatchObject({
      type: 'dev.millrace.run.attempt.lost.v1',
      data: { counted: false },
    });
  });

  test('in a loop that begins when its run is told to end does not keep the others waiting', async () => {
    const neighbour = await start('() => new Promise(() => {})');
    await eventually(() => expect(names(driver.eventsOf(neighbour))).toEqual(['started']));
    const handler = `({ signal, log }) => new Promise(() => {
      signal.addEventListener('abort', () => { for (;;); });
      log.info('listening');
    })`;
    const loop = await start(handler);
    await eventually(() => expect(driver.textOf(loop)).toContain('listening'));
    driver.cancel(loop);
    expect((await driver.ending(loop)).type).toBe('dev.millrace.run.cancelled.v1');
    expect(await driver.ending(neighbour, 15_000)).toMatchObject({
      type: 'dev.millrace.run.attempt.lost.v1',
      data: { counted: false },
    });
  });

  test('alone with its run costs an attempt that counts', async () => {
    const crash = () => start('() => process.kill(process.pid, "SIGSEGV")', { attempt: 2 });
    const { type, data } = await driver.ending(await crash());
    expect(type).toBe('dev.millrace.run.attempt.lost.v1');
    expect(data).not.toHaveProperty('counted');
  });
});
