import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, test } from 'vitest';

const ENTRY = join(import.meta.dirname, '../testing/example-service.ts');
/** Starts the service as its own child, says the pid, and waits to be killed. */
const SUPERVISOR = `
const [channel, ...args] = process.argv.slice(1);
const child = require('node:child_process').spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit', channel] });
child.on('message', (message) => console.log(JSON.stringify({ msg: 'supervisor heard', message })));
setInterval(() => undefined, 1000);
`;

type Line = Readonly<Record<string, unknown>>;

interface Example {
  readonly child: ChildProcess;
  readonly lines: readonly Line[];
  readonly messages: () => readonly unknown[];
  readonly until: (message: string) => Promise<Line>;
  readonly exited: Promise<number | string | null>;
}

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

const ARGS = ['--conditions=@millrace/source', ENTRY];

const start = (mode: string, args: readonly string[] = ARGS): Example => {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, MILLRACE_TEST: mode, MILLRACE_SUPERVISED: args === ARGS ? '0' : '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines: Line[] = [];
  const waiting = new Map<string, (line: Line) => void>();
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as Line;
    lines.push(line);
    waiting.get(String(line['msg']))?.(line);
  });
  return {
    child,
    lines,
    messages: () => lines.map((line) => line['msg']),
    until: async (message) =>
      lines.find((line) => line['msg'] === message) ??
      new Promise<Line>((resolve) => void waiting.set(message, resolve)),
    exited: once(child, 'close').then(() => child.signalCode ?? child.exitCode),
  };
};

const adminOf = async (example: Example): Promise<string> =>
  `http://127.0.0.1:${String((await example.until('ready'))['adminPort'])}`;

describe('the end of a service', () => {
  test('comes in reverse order, whatever cannot be closed, with exit code 0', async () => {
    const example = start('');
    await example.until('ready');
    example.child.kill('SIGTERM');
    expect(await example.exited).toBe(0);
    expect(example.messages()).toEqual([
      'ready',
      'ending',
      'undone: two, aborted: true',
      'undone: one',
      'could not clean up',
      'ended',
    ]);
  });

  test('does not wait for what is stuck when it is asked twice', async () => {
    const example = start('stuck');
    await example.until('ready');
    example.child.kill('SIGINT');
    await example.until('ending');
    example.child.kill('SIGINT');
    expect(await example.exited).toBe(1);
  });

  test('comes in order, with exit code 1, when the service says that it cannot go on', async () => {
    const example = start('fail');
    expect(await example.exited).toBe(1);
    expect(example.messages()).toEqual(expect.arrayContaining(['the lease is lost: deposed', 'undone: one', 'ended']));
  });

  test('is at once when a rejection is nobody’s', async () => {
    const example = start('throw');
    expect(await example.exited).toBe(1);
    expect(example.messages()).toEqual(['ready', 'unhandled rejection: nobody waits']);
    expect(example.lines.at(-1)).toMatchObject({ level: 'fatal', err: { message: 'nobody waits' } });
  });

  test('undoes what was made when the start fails', async () => {
    const example = start('start');
    expect(await example.exited).toBe(1);
    expect(example.messages()).toEqual(expect.arrayContaining(['could not start: no database', 'undone: one']));
    expect(example.messages()).not.toContain('ready');
  });

  test('follows the end of its supervisor, killed by force', async () => {
    const supervisor = start('', ['-e', SUPERVISOR, '--', 'ipc', ...ARGS]);
    const heard = await supervisor.until('supervisor heard');
    const ready = await supervisor.until('ready');
    expect(heard['message']).toEqual({
      type: 'ready',
      service: 'example',
      pid: ready['pid'],
      adminPort: ready['adminPort'],
    });
    supervisor.child.kill('SIGKILL');
    // The pipe closes when the service, which inherited it, has ended as well.
    expect(await supervisor.exited).toBe('SIGKILL');
    expect(supervisor.messages()).toEqual(expect.arrayContaining(['ending', 'undone: one', 'ended']));
  });
});

test('a service notices the end of a supervisor to which it has no channel', async () => {
  const supervisor = start('', ['-e', SUPERVISOR, '--', 'ignore', ...ARGS]);
  await supervisor.until('ready');
  supervisor.child.kill('SIGKILL');
  expect(await supervisor.exited).toBe('SIGKILL');
  expect(supervisor.messages()).toEqual(expect.arrayContaining(['ending', 'undone: one', 'ended']));
});

describe('the admin server', () => {
  test('serves metrics with those of the process', async () => {
    const url = await adminOf(start(''));
    const response = await fetch(`${url}/metrics`);
    const text = await response.text();
    expect(response.headers.get('content-type')).toContain('text/plain');
    expect(text).toContain('millrace_examples_total{kind="one",service="example"} 2');
    expect(text).toContain('nodejs_eventloop_lag_seconds');
  });

  test('is live while it can answer, and ready when its dependencies are there', async () => {
    const [ready, unready] = await Promise.all([adminOf(start('')), adminOf(start('unready'))]);
    expect((await fetch(`${ready}/health/ready`)).status).toBe(200);
    const response = await fetch(`${unready}/health/ready`);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      status: 'not ready',
      dependencies: { log: { ok: false, detail: 'away' } },
    });
    expect((await fetch(`${unready}/health/live`)).status).toBe(200);
    expect((await fetch(`${unready}/else`)).status).toBe(404);
  });
});
