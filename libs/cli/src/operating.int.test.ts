import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectLog, ensureTopology, openCatalog } from '@millrace/eventlog';
import { claimNats, eventually, makeTempFolder } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BIN, runCli, type RunCliOptions } from '../testing/run-cli.ts';
import { ADMIN, type ScriptedGateway, startScriptedGateway } from '../testing/scripted-gateway.ts';

let gateway: ScriptedGateway;
beforeAll(async () => {
  gateway = await startScriptedGateway();
});
afterAll(() => gateway.close());

const access = () => ({ MILLRACE_URL: gateway.url, MILLRACE_TOKEN: ADMIN });
const cli = (args: readonly string[], options: RunCliOptions = {}) => runCli(args, { env: access(), ...options });

describe('deploy', () => {
  const { url: natsUrl } = claimNats();
  const folder = makeTempFolder('cli-deploy');

  beforeAll(() => {
    mkdirSync(join(folder, 'workflows/a'), { recursive: true });
    writeFileSync(join(folder, 'workflows/a/b.sh'), 'echo hi\n');
  });

  test('checks without a server, and names file, line and reason', async () => {
    expect(await cli(['deploy', '--check'], { cwd: folder, env: {} })).toMatchObject({ code: 0, stdout: '' });
    writeFileSync(join(folder, 'workflows/a/c.py'), 'def f(:\n');
    const { code, stderr } = await cli(['deploy', '--check'], { cwd: folder, env: {} });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^workflows\/a\/c\.py:1:7 SyntaxError: /)]);
  });

  test('puts a folder into service over NATS, and exits 1 when something is refused', async () => {
    const connection = await connectLog({ url: natsUrl, name: 'cli-test' });
    await ensureTopology(connection);
    const catalog = openCatalog(connection);
    await catalog.ready;
    const ended = await cli(['deploy'], { cwd: folder, env: { NATS_URL: natsUrl } });
    expect(ended.code).toBe(1);
    expect(ended.stdout).toMatch(/^deployed a\/b [0-9a-f]{8}\n$/);
    await eventually(() => {
      expect(catalog.get('default', 'a/b')?.current).toMatchObject({ file: 'b.sh' });
      expect(catalog.get('default', 'a/c')?.problem).toMatchObject({ file: 'a/c.py', line: 1 });
    });
    expect(
      JSON.parse((await cli(['deploy', '--json'], { cwd: folder, env: { NATS_URL: natsUrl } })).stdout),
    ).toMatchObject({ deployed: [], unchanged: ['a/b'] });
    await catalog.close();
    await connection.close();
  });
});

describe('doctor', () => {
  test('fails, with advice, when nothing answers', async () => {
    const { code, stdout } = await cli(['doctor', '--url', 'http://127.0.0.1:1']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^FAIL {2}gateway {2}.*\n {6}→ start it: millrace serve\n/);
  });
});

describe('completion', () => {
  test.each(['bash', 'zsh', 'fish'])('prints a script for %s', async (shell) => {
    expect((await cli(['completion', shell])).stdout).toContain('millrace __complete');
  });

  test('bash accepts its script', () => {
    const { stdout } = spawnSync(process.execPath, [BIN, 'completion', 'bash']);
    expect(spawnSync('bash', ['-n'], { input: stdout }).status).toBe(0);
  });

  test('proposes commands, flags and workflows', async () => {
    const words = async (...args: readonly string[]): Promise<readonly string[]> =>
      (await cli(['__complete', ...args])).stdout.split('\n').map((line) => line.split('\t')[0] ?? '');
    expect(await words('ru')).toEqual(['run', 'runs', '']);
    expect(await words('run', 'ok')).toEqual(['ok/run', '']);
    expect(await words('run', '--det')).toEqual(['--detach', '']);
  });
});

describe('--version', () => {
  const fastest = (args: readonly string[]): number =>
    Math.min(
      ...Array.from({ length: 5 }, () => {
        const started = performance.now();
        spawnSync(process.execPath, args);
        return performance.now() - started;
      }),
    );

  test('costs little more than starting Node', () => {
    expect(spawnSync(process.execPath, [BIN, '--version'], { encoding: 'utf8' }).stdout).toBe('0.1.0\n');
    expect(fastest([BIN, '--version'])).toBeLessThan(2 * fastest(['-e', '0']) + 30);
  });
});
