import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRun, untilEnded, untilState } from './runs.ts';

const BIN = join(import.meta.dirname, '../../libs/cli/bin/millrace.mjs');
const WORKFLOWS = join(import.meta.dirname, '../../workflows');

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform({ workflowsFrom: WORKFLOWS });
});
afterAll(() => platform.stop());

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command as a user of this machine runs it: it finds the server by its data folder. */
const millrace = async (args: readonly string[], interruptAt?: RegExp): Promise<Ended> => {
  const env = {
    PATH: process.env['PATH'],
    MILLRACE_DATA_DIR: platform.dataDir,
    MILLRACE_WORKFLOWS: platform.workflowsDir,
  };
  const child = spawn(process.execPath, [BIN, ...args], { env, cwd: platform.home, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  let stderr = '';
  let isInterrupted = interruptAt === undefined;
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    stderr += piece;
    if (isInterrupted || interruptAt?.test(stderr) !== true) return;
    isInterrupted = true;
    child.kill('SIGINT');
  });
  const stdout = await text(child.stdout);
  return { code: await exited, stdout, stderr };
};

const json = async (...args: readonly string[]): Promise<Record<string, unknown>> =>
  JSON.parse((await millrace([...args, '--json'])).stdout) as Record<string, unknown>;

describe('millrace run', () => {
  test.each([
    ['backup/db-full', ['--env', 'TARGET=production'], { target: 'production' }],
    ['reports/summarize', ['-d', 'numbers=[1,2,6]'], { count: 3, mean: 3, median: 2 }],
    ['data/fetch-transform', ['-d', 'prefix=orders.1'], { count: 3 }],
    ['hello/world', ['-d', 'name=Ada'], { greeting: 'Hello, Ada!' }],
    ['demo/progress', ['--env', 'DURATION=1'], { seconds: 1 }],
  ])('prints the output of %s and exits 0', async (path, args, output) => {
    const { code, stdout, stderr } = await millrace(['run', path, ...args]);
    expect([code, stderr]).toEqual([0, expect.stringContaining('completed')]);
    expect(JSON.parse(stdout)).toMatchObject(output);
  });

  test('exits 1 with a run that failed, and logs say why', async () => {
    const { code, stdout } = await millrace(['run', 'demo/fail', '--json']);
    const result = JSON.parse(stdout) as { run_id: string };
    expect([code, result]).toEqual([1, expect.objectContaining({ status: 'failed', exit_code: 3 })]);
    expect((await millrace(['logs', result.run_id])).stdout).toContain('cannot read /nonexistent/orders.csv');
  });

  test('leaves a run alone on Ctrl-C, and logs -f is the way back to it', async () => {
    const { code, stderr } = await millrace(
      ['run', 'demo/progress', '--env', 'DURATION=3', '--follow'],
      /progress \d+ %/,
    );
    expect(code).toBe(130);
    const reattach = /millrace (logs -f \S+)/.exec(stderr)?.[1]?.split(' ') ?? [];
    const followed = await millrace(reattach);
    expect([followed.code, followed.stdout]).toEqual([
      0,
      expect.stringMatching(/still here after 1 s[^]*still here after 3 s/),
    ]);
  });

  test('starts one run for one key', async () => {
    const args = ['run', 'hello/world', '--detach', '--idempotency-key', 'one-key'] as const;
    const [first, second] = [await millrace(args), await millrace(args)];
    expect(first.stdout).toMatch(/^[0-9a-f-]{36}\n$/);
    expect(second.stdout).toBe(first.stdout);
  });
});

describe('looking after runs', () => {
  test('cancels a run that ignores SIGTERM', async () => {
    const id = await startRun(platform.http, 'demo/stubborn');
    await untilState(platform.http, id, 'running');
    expect((await millrace(['cancel', id, '--reason', 'enough'])).code).toBe(0);
    expect(await untilEnded(platform.http, id)).toMatchObject({ state: 'cancelled' });
    expect((await millrace(['status', id])).stdout).toMatch(/^state +cancelled$/m);
  });

  test('runs a run again, and finds both in the list', async () => {
    const first = await json('run', 'hello/world', '-d', 'name=Grace');
    const again = await json('rerun', String(first['run_id']));
    expect(again).toMatchObject({ status: 'completed', output: { greeting: 'Hello, Grace!' } });
    const { runs } = (await json('runs', '--workflow', 'hello/world', '--status', 'completed', '--since', '1h')) as {
      runs: { run_id: string; rerun_of?: string }[];
    };
    expect(runs.find(({ run_id }) => run_id === again['run_id'])).toMatchObject({ rerun_of: first['run_id'] });
  });
});

describe('looking after the server', () => {
  test('a token does what its scope says until it is revoked', async () => {
    const { id, token } = (await json('token', 'create', '--scope', 'run:hello/*', '--ttl', '1h', '--label', 'ci')) as {
      id: string;
      token: string;
    };
    const codeWith = async (path: string): Promise<number | null> =>
      (await millrace(['run', path, '--token', token])).code;
    expect([await codeWith('hello/world'), await codeWith('demo/fail')]).toEqual([0, 4]);
    expect((await millrace(['token', 'list'])).stdout).toContain(id);
    expect((await millrace(['token', 'list'])).stdout).not.toContain(token);
    await millrace(['token', 'revoke', id]);
    expect(await codeWith('hello/world')).toBe(3);
  });

  test('doctor finds everything in order', async () => {
    const { code, stdout } = await millrace(['doctor', '--json']);
    const { findings } = JSON.parse(stdout) as { findings: { level: string; name: string }[] };
    expect(code).toBe(0);
    expect(findings.filter(({ level }) => level === 'FAIL')).toEqual([]);
    expect(findings.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'gateway',
        'durability',
        'bind',
        'nats',
        'nats sync',
        'postgres',
        'projector',
        'processes',
        'store',
        'disk',
      ]),
    );
  });

  test('projector rebuild gives the same runs', async () => {
    const before = await json('runs', '--until', '2100-01-01');
    const { code, stderr } = await millrace(['projector', 'rebuild']);
    expect([code, stderr]).toEqual([0, expect.stringContaining('rebuilt in')]);
    expect(await json('runs', '--until', '2100-01-01')).toEqual(before);
  });

  test('a refused workflow is shown with file, line and reason, and the version before runs on', async () => {
    platform.saveWorkflow('hello/shell.sh', 'echo one\n');
    await expect
      .poll(() => json('tasks'), { timeout: 10_000 })
      .toMatchObject({
        workflows: expect.arrayContaining([
          expect.objectContaining({ path: 'hello/shell', version: expect.any(String) }),
        ]),
      });
    platform.saveWorkflow('hello/shell.sh', 'echo (\n');
    await expect
      .poll(async () => (await millrace(['tasks'])).stderr, { timeout: 10_000 })
      .toContain('refused: hello/shell.sh:1 ');
    expect((await millrace(['run', 'hello/shell'])).code).toBe(0);
    expect(await millrace(['deploy'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/hello\/shell\.sh:1 syntax error/),
    });
  });
});
