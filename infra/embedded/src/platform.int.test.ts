import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readServerConfig, readServerFile, SERVER_PROCESSES } from '@millrace/runtime';
import { eventually, makeTempFolder, startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { startPlatform } from './platform.ts';
import { isProcessAlive } from './process-alive.ts';

const WORKFLOWS = {
  'hello/world.sh': '#!/bin/sh\n# greets\necho \'{"greeting":"hello"}\'\n',
  'broken/metadata.sh': '#!/bin/sh\ntrue\n',
  'broken/metadata.yaml': 'timeout: soon\n',
};

const serverFileOf = (dataDir: string) => {
  const file = readServerFile(dataDir);
  if (file === undefined) throw new Error(`no server.json in ${dataDir}`);
  return file;
};

describe('a platform', () => {
  let platform: TestPlatform;
  beforeAll(async () => {
    platform = await startTestPlatform({ workflows: WORKFLOWS });
  });
  afterAll(() => platform.stop());

  test('is described in server.json, which only its owner may read', () => {
    const file = serverFileOf(platform.dataDir);
    expect(file.url).toBe(platform.url);
    expect(file.token).toMatch(/^mr_[0-9a-f]+_[0-9a-f]{64}$/);
    expect(Object.keys(file.pids).sort()).toEqual([...SERVER_PROCESSES].sort());
    for (const pid of Object.values(file.pids)) expect(isProcessAlive(pid)).toBe(true);
    expect(Object.keys(file.adminPorts ?? {}).sort()).toEqual(['executor', 'gateway', 'projector', 'scheduler']);
    expect(statSync(join(platform.dataDir, 'server.json')).mode & 0o777).toBe(0o600);
  });

  test('takes requests with its token, none without', async () => {
    const headers = { authorization: `Bearer ${platform.token}` };
    expect((await fetch(`${platform.url}/tasks`, { headers })).status).toBe(200);
    expect((await fetch(`${platform.url}/tasks`)).status).toBe(401);
  });

  test('has deployed what is right and says where the rest is wrong', () => {
    const { workflows, report } = platform.platform.deployment;
    expect(workflows().filter(({ current }) => current !== undefined)).toMatchObject([{ path: 'hello/world' }]);
    expect(report?.problems).toMatchObject([{ file: 'broken/metadata.yaml', line: 1 }]);
  });

  test('refuses a second supervisor on its data folder by the name of the first', async () => {
    const flags = { port: '0', 'data-dir': platform.dataDir, workflows: platform.workflowsDir };
    const config = readServerConfig({ env: {}, flags });
    await expect(startPlatform(config)).rejects.toMatchObject({
      code: 'data.in_use',
      message: expect.stringContaining(`process ${process.pid}`),
    });
  });

  test.each(SERVER_PROCESSES)('%s that is killed comes back, says so and is in server.json', async (name) => {
    const before = platform.pid(name);
    const { adminPorts } = serverFileOf(platform.dataDir);
    await platform.kill(name);
    await platform.untilRestarted(name, before);
    expect(serverFileOf(platform.dataDir).pids[name]).toBe(platform.pid(name));
    expect(serverFileOf(platform.dataDir).adminPorts).toEqual(adminPorts);
    expect(platform.events()).toContainEqual(
      expect.objectContaining({ type: 'died', name, status: { code: null, signal: 'SIGKILL' } }),
    );
    await eventually(async () => expect((await fetch(`${platform.url}/health`)).status).toBe(200));
  });

  test('a restart that was asked for is no death', async () => {
    const before = platform.pid('projector');
    const deaths = (): number => platform.events().filter(({ type }) => type === 'died').length;
    const deathsBefore = deaths();
    await platform.platform.restart('projector');
    expect(platform.pid('projector')).not.toBe(before);
    expect(deaths()).toBe(deathsBefore);
  });

  test('a stop leaves no process, and the next start has the token and the workflows', async () => {
    const pids = Object.values(serverFileOf(platform.dataDir).pids);
    await platform.stop();
    expect(pids.filter(isProcessAlive)).toEqual([]);
    expect(serverFileOf(platform.dataDir).pids).toEqual({});
    const { token } = platform;
    platform = await startTestPlatform({ home: platform.home });
    expect(platform.token).toBe(token);
    expect(platform.platform.tokenOrigin).toBe('kept');
    const headers = { authorization: `Bearer ${token}` };
    expect((await fetch(`${platform.url}/tasks`, { headers })).status).toBe(200);
  });
});

test('a port that is taken is an error that says what to do, and nothing stays', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const home = makeTempFolder('port');
  const flags = { port: String(port), 'data-dir': home, workflows: home };
  await expect(startPlatform(readServerConfig({ env: {}, flags }))).rejects.toMatchObject({
    code: 'server.cannot_listen',
    message: expect.stringContaining(`port ${port} is in use`),
  });
  server.close();
  expect(existsSync(join(home, 'supervisor.pid'))).toBe(false);
});

describe('the command', () => {
  const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
  const home = makeTempFolder('serve');
  const dataDir = join(home, 'data');

  const startCommand = async (env: Readonly<Record<string, string>> = {}) => {
    const args = ['--conditions=@millrace/source', MAIN, '--port', '0', '--data-dir', dataDir];
    const workflows = fileURLToPath(new URL('../../../workflows', import.meta.url));
    const child = spawn(process.execPath, [...args, '--workflows', workflows], {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const lines: string[] = [];
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on('line', (line) => lines.push(line));
    }
    const exited = once(child, 'exit');
    await eventually(
      () => {
        if (child.exitCode !== null) return;
        expect(lines.at(-1)).toMatch(/^Millrace is ready/);
      },
      { timeoutMs: 30_000 },
    );
    expect(child.exitCode, lines.join('\n')).toBeNull();
    const pids = Object.values(serverFileOf(dataDir).pids);
    return { child, lines, pids, exited };
  };

  test('shows the token once, a curl line that works, and ends with 0 on SIGTERM', { timeout: 90_000 }, async () => {
    const first = await startCommand();
    const { token } = serverFileOf(dataDir);
    expect(first.lines.filter((line) => line.includes(token))).toHaveLength(1);
    const curl = first.lines.find((line) => line.startsWith('curl ')) ?? '';
    const shell = spawn('sh', ['-c', curl], { stdio: ['ignore', 'pipe', 'inherit'] });
    const answer = (await shell.stdout.setEncoding('utf8').toArray()).join('');
    expect(answer).toContain('Hello, you!');
    first.child.kill('SIGTERM');
    expect(await first.exited).toEqual([0, null]);
    expect(first.pids.filter(isProcessAlive)).toEqual([]);

    const second = await startCommand();
    expect(serverFileOf(dataDir).token).toBe(token);
    expect(second.lines.filter((line) => line.includes(token))).toEqual([]);
    expect(second.lines.some((line) => line.includes('kept in'))).toBe(true);
    second.child.kill('SIGINT');
    expect(await second.exited).toEqual([0, null]);
  });

  test('kill -9 leaves no process, and the data folder is free again', { timeout: 90_000 }, async () => {
    const first = await startCommand();
    expect(first.pids).toHaveLength(SERVER_PROCESSES.length);
    first.child.kill('SIGKILL');
    await eventually(() => expect(first.pids.filter(isProcessAlive)).toEqual([]), { timeoutMs: 20_000 });
    const second = await startCommand({ MILLRACE_TOKEN: 'a token of my own' });
    expect(serverFileOf(dataDir).token).toBe('a token of my own');
    expect(readFileSync(join(dataDir, 'server.json'), 'utf8')).not.toContain('mr_');
    second.child.kill('SIGTERM');
    await second.exited;
  });
});
