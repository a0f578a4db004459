import { readdirSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { encodeBundle } from '@millrace/contracts';
import { eventually } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { processesWith } from '../../testing/processes.ts';
import { type Driver, names, startDriver } from '../../testing/scheduler-driver.ts';

let driver: Driver;
beforeAll(async () => {
  driver = await startDriver({
    env: {
      MILLRACE_KILL_GRACE_MS: '300',
      MILLRACE_SCRIPT_ENV: 'MILLRACE_DATABASE_URL,MISSING',
      MILLRACE_DATABASE_URL: 'postgres://passed',
      DATABASE_URL: 'postgres://secret',
    },
  });
});
afterAll(() => driver.close());

const run = async (text: string, more: Parameters<Driver['dispatch']>[0] = {}, file = 'script.sh'): Promise<string> => {
  const version = await driver.deploy(file, text);
  return (await driver.dispatch({ version, ...more })).subject;
};

describe('a script', () => {
  test('reads its input, writes its output, and starts before it ends', async () => {
    const runId = await run('cat "$MILLRACE_INPUT" > "$MILLRACE_OUTPUT"\n', { input: { a: [1, 'ü\u0000'] } });
    expect((await driver.ending(runId)).data).toEqual({ output: { a: [1, 'ü\u0000'] }, exitCode: 0 });
    expect(names(driver.eventsOf(runId))).toEqual(['started', 'completed']);
    expect(driver.eventsOf(runId)[0]?.data).toMatchObject({ pid: expect.any(Number) });
  });

  test('gives its last line as the result when it is JSON, and its output as it came', async () => {
    const runId = await run('echo working\necho problem >/dev/stderr\nsleep 0.2\necho \'{"ok":true}\'\n');
    expect((await driver.ending(runId)).data).toEqual({ output: { ok: true }, exitCode: 0 });
    const by = (stream: string): string =>
      driver
        .outputOf(runId)
        .filter((chunk) => chunk.stream === stream)
        .map(({ text }) => text)
        .join('');
    await eventually(() => expect(by('stdout')).toBe('working\n{"ok":true}\n'));
    expect(by('stderr')).toBe('problem\n');
  });

  test('gets an environment from scratch and a directory of its own', async () => {
    const text = `import { readFileSync } from 'node:fs';
      const environ = readFileSync('/proc/self/environ', 'utf8').split('\\0').filter(Boolean);
      const { HOME: home, TMPDIR: tmp, MILLRACE_DATABASE_URL: passed } = process.env;
      console.log(JSON.stringify({ names: environ.map((line) => line.split('=')[0]).sort(), home, tmp, passed, cwd: process.cwd() }));`;
    const runId = await run(text, { env: { TARGET: 'x' } }, 'environment.mjs');
    const { data } = await driver.ending(runId);
    const { names, cwd, home, tmp, passed } = (data as { output: Record<string, unknown> }).output;
    expect(names).toEqual([
      'HOME',
      'LANG',
      'MILLRACE_ATTEMPT',
      'MILLRACE_DATABASE_URL',
      'MILLRACE_INPUT',
      'MILLRACE_OUTPUT',
      'MILLRACE_RUN_ID',
      'MILLRACE_WORKFLOW',
      'PATH',
      'TARGET',
      'TMPDIR',
      'TRACEPARENT',
    ]);
    expect(passed).toBe('postgres://passed');
    expect([home, tmp]).toEqual([cwd, cwd]);
    expect(cwd).toContain(`${driver.dataDir}/executor/runs/`);
  });

  test('001 early return: answers by a line, which is neither output nor result', async () => {
    const runId = await run("echo hi\necho '::respond {\"early\":1}'\necho '::respond 2'\nsleep 0.2\necho 7\n");
    expect((await driver.ending(runId)).data).toEqual({ output: 7, exitCode: 0 });
    expect(names(driver.eventsOf(runId))).toEqual(['started', 'responded', 'completed']);
    expect(driver.eventsOf(runId)[1]?.data).toEqual({ response: { early: 1 } });
    await eventually(() => expect(driver.textOf(runId)).toBe('hi\n7\n'));
  });

  test('reads how it was asked for, and leaves nothing of it behind', async () => {
    const trigger = { id: 'hook', method: 'POST', path: '/run/tests/example', verified: 'token' };
    const cloudEvent = { specversion: '1.0', id: 'a', source: '/s', type: 't' };
    const text = 'echo "[$(cat "$MILLRACE_TRIGGER"),$(cat "$MILLRACE_CLOUDEVENT")]"\n';
    expect((await driver.ending(await run(text, { trigger, cloudEvent }))).data).toMatchObject({
      output: [trigger, cloudEvent],
    });
    const unasked = await run('printf \'["%s",%s]\\n\' "$MILLRACE_TRIGGER$MILLRACE_CLOUDEVENT" "$(ls | wc -l)"\n');
    expect((await driver.ending(unasked)).data).toMatchObject({ output: ['', 1] });
  });

  test('reports progress, of which the last is always recorded', async () => {
    const runId = await run('for i in 1 2 3 4 5 6 7 8 9; do echo "::progress ${i}0 step $i"; done\necho done\n');
    await driver.ending(runId);
    const reports = driver.eventsOf(runId).filter(({ type }) => type === 'dev.millrace.run.progressed.v1');
    expect(reports.at(-1)?.data).toEqual({ percent: 90, message: 'step 9' });
    expect(reports.length).toBeLessThan(9);
    await eventually(() => expect(driver.textOf(runId)).toBe('done\n'));
  });

  test('fails with its exit code and its last line on stderr, or tries again when it may', async () => {
    const runId = await run('echo no >&2; exit 3\n');
    expect(await driver.ending(runId)).toMatchObject({
      type: 'dev.millrace.run.failed.v1',
      data: { error: { code: 'exit_code', message: 'exit code 3: no' }, exitCode: 3 },
    });
    const again = await run('exit 3\n', { retryOnFailure: true });
    expect((await driver.ending(again)).type).toBe('dev.millrace.run.attempt.failed.v1');
  });

  test.each([
    ['output_invalid', 'echo nonsense > "$MILLRACE_OUTPUT"\n'],
    ['output_too_large', 'head -c 2000000 /dev/zero > "$MILLRACE_OUTPUT"\n'],
  ])('fails with %s', async (code, text) => {
    const runId = await run(text);
    expect(await driver.ending(runId)).toMatchObject({ type: 'dev.millrace.run.failed.v1', data: { error: { code } } });
  });

  test.each([
    ['a link to a file', 'echo \'{"secret":1}\' > there; ln -s "$PWD/there" "$MILLRACE_OUTPUT"', 'is a symbolic link'],
    ['a link to nothing', 'ln -s /no/such/file "$MILLRACE_OUTPUT"', 'is a symbolic link'],
    ['a pipe', 'mkfifo "$MILLRACE_OUTPUT"', 'is no regular file'],
    ['a folder', 'mkdir "$MILLRACE_OUTPUT"', 'is no regular file'],
  ])('whose result is %s fails', async (_, text, reason) => {
    const runId = await run(`${text}\n`);
    expect((await driver.ending(runId)).data).toMatchObject({
      error: { code: 'output_invalid', message: `$MILLRACE_OUTPUT ${reason}` },
    });
  });

  test('that cannot be started fails with start_failed', async () => {
    const runId = await run('#!/no/such/interpreter\n', {}, 'broken');
    expect((await driver.ending(runId)).data).toMatchObject({ error: { code: 'start_failed' } });
  });

  test.each([
    ['script.py', 'import json, os\nprint(json.dumps({"run": os.environ["MILLRACE_RUN_ID"]}))\n'],
    ['script.mjs', 'console.log(JSON.stringify({ run: process.env.MILLRACE_RUN_ID }))\n'],
    ['script', '#!/bin/bash\nset -o pipefail\necho "{\\"run\\":\\"$MILLRACE_RUN_ID\\"}"\n'],
  ])('%s runs under its interpreter', async (file, text) => {
    const runId = await run(text, {}, file);
    expect((await driver.ending(runId)).data).toEqual({ output: { run: runId }, exitCode: 0 });
  });

  test('keeps 1 MiB of its output and says so', async () => {
    const runId = await run('head -c 5000000 /dev/zero | tr "\\0" x\necho\necho \'{"last":1}\'\n');
    expect((await driver.ending(runId)).data).toMatchObject({ output: { last: 1 } });
    await eventually(() => expect(driver.textOf(runId).slice(-40)).toMatch(/x\[output truncated at 1 MiB\]\n$/));
    expect(driver.textOf(runId).replace(/^x+/, ({ length }) => `${length} `)).toBe(
      '1048576 [output truncated at 1 MiB]\n',
    );
  });

  test('over its time is killed with its children, SIGTERM ignored or not', async () => {
    const mark = randomUUID();
    const text = `trap '' TERM\nsh -c 'trap "" TERM; sleep 60; : ${mark}' &\nsh -c 'sleep 60; : ${mark}'\nsleep 60\n`;
    const runId = await run(text, { timeoutMs: 2_000 });
    await eventually(() => expect(processesWith(mark).length).toBe(2));
    expect(await driver.ending(runId)).toMatchObject({
      type: 'dev.millrace.run.timed_out.v1',
      data: { error: { code: 'timeout', message: 'took longer than 2 s' }, signal: 'SIGKILL' },
    });
    await eventually(() => expect(processesWith(mark)).toEqual([]));
  });

  test('that is cancelled ends as cancelled, however it ends', async () => {
    const runId = await run("trap 'exit 0' TERM\nwhile :; do sleep 0.05; done\n");
    await eventually(() => expect(names(driver.eventsOf(runId))).toEqual(['started']));
    driver.cancel(runId);
    expect(await driver.ending(runId)).toMatchObject({ type: 'dev.millrace.run.cancelled.v1', data: { exitCode: 0 } });
  });

  test('leaves nothing behind: background processes and files go with it', async () => {
    const mark = randomUUID();
    const runId = await run(`mkdir -p a/b; touch a/b/c; sh -c 'sleep 60; : ${mark}' &\necho ok\n`);
    await driver.ending(runId);
    await eventually(() => expect(processesWith(mark)).toEqual([]));
    const runs = join(driver.dataDir, 'executor', 'runs');
    const files = readdirSync(runs, { recursive: true, encoding: 'utf8' }).filter((path) => path.includes('run-'));
    expect(files.filter((path) => !/run-\d+$/.test(path))).toEqual([]);
  });

  test('ends even when something that left its group keeps its output open', async () => {
    const mark = randomUUID();
    const runId = await run(`setsid sh -c 'sleep 3; : ${mark}' &\necho ok\n`);
    expect((await driver.ending(runId, 2_500)).type).toBe('dev.millrace.run.completed.v1');
    await eventually(() => expect(driver.textOf(runId)).toBe('ok\n'));
    const next = await run('sleep 0.1; echo clean\n');
    await driver.ending(next);
    await eventually(() => expect(driver.textOf(next)).toBe('clean\n'));
  });

  test('dispatched twice runs once', async () => {
    const version = await driver.deploy('count.sh', 'echo once\n');
    const dispatch = await driver.dispatch({ version });
    await driver.repeat(dispatch);
    await driver.ending(dispatch.subject);
    const next = await driver.dispatch({ version });
    await driver.ending(next.subject);
    expect(names(driver.eventsOf(dispatch.subject))).toEqual(['started', 'completed']);
  });
});

describe('a script that kills what started it', () => {
  const kill = 'kill -9 $PPID\nsleep 60\n';
  const started = (runId: string): Promise<void> =>
    eventually(() => expect(names(driver.eventsOf(runId))).toContain('started'));

  test('costs the scripts beside it an attempt that does not count, and nothing when it is tried again', async () => {
    // As many as spawners: with one more, two of them share one.
    const beside = await Promise.all([run('sleep 60\n'), run('sleep 60\n')]);
    await Promise.all(beside.map(started));
    const killer = await run(kill);
    expect(await driver.ending(killer)).toMatchObject({
      type: 'dev.millrace.run.attempt.lost.v1',
      data: { counted: false },
    });
    await eventually(() => {
      const over = beside.flatMap((runId) => driver.eventsOf(runId).slice(1));
      expect(over).toMatchObject([{ type: 'dev.millrace.run.attempt.lost.v1', data: { counted: false } }]);
    });

    const left = beside.filter((runId) => driver.eventsOf(runId).length === 1);
    const others = await Promise.all([run('sleep 60\n', { attempt: 2 }), run('sleep 60\n'), run('sleep 60\n')]);
    await Promise.all(others.map(started));
    const again = await driver.ending(await run(kill, { attempt: 2 }));
    expect(again.type).toBe('dev.millrace.run.attempt.lost.v1');
    expect(again.data).not.toHaveProperty('counted');
    const next = await run('echo ok\n', { attempt: 2 });
    expect((await driver.ending(next)).type).toBe('dev.millrace.run.completed.v1');
    for (const runId of [...left, ...others]) {
      expect(names(driver.eventsOf(runId))).toEqual(['started']);
      driver.cancel(runId);
    }
    for (const runId of [...left, ...others]) await driver.ending(runId);
  });

  test('leaves no spawner behind that was started for one script', async () => {
    const before = processesWith(join(driver.dataDir, 'executor', 'runs')).length;
    const runs = await Promise.all(Array.from({ length: 12 }, () => run('sleep 0.5\n', { attempt: 2 })));
    await Promise.all(runs.map(started));
    expect(processesWith(join(driver.dataDir, 'executor', 'runs')).length).toBeLessThanOrEqual(before + 8);
    for (const runId of runs) expect((await driver.ending(runId)).type).toBe('dev.millrace.run.completed.v1');
    // What the tests before this one started may have ended meanwhile.
    await eventually(() =>
      expect(processesWith(join(driver.dataDir, 'executor', 'runs')).length).toBeLessThanOrEqual(before),
    );
  });
});

describe('a bundle', () => {
  test('that is not there fails the run', async () => {
    const runId = (await driver.dispatch({ version: 'b'.repeat(64) })).subject;
    expect((await driver.ending(runId)).data).toMatchObject({ error: { code: 'start_failed' } });
  });

  test('whose content is not what its name says does not run', async () => {
    const version = 'c'.repeat(64);
    await driver.store(version, encodeBundle({ file: 'script.sh' }, Buffer.from('echo forged\n')));
    const runId = (await driver.dispatch({ version })).subject;
    expect((await driver.ending(runId)).data).toMatchObject({ error: { code: 'bundle_corrupt' } });
  });
});
