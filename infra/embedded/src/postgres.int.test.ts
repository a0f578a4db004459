import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { migrate, openReadModel, pingReadModel } from '@millrace/read-model';
import { makeTempFolder } from '@millrace/testkit';
import { makeOutputTail } from './output-tail.ts';
import { findPostgresBinaries } from './postgres-binaries.ts';
import { startPostgresProgram } from './postgres-cluster.ts';
import { type RunningPostgres, startPostgres, type StartPostgresOptions } from './postgres.ts';
import { isProcessAlive } from './process-alive.ts';

const running: RunningPostgres[] = [];
const start = async (options: StartPostgresOptions): Promise<RunningPostgres> => {
  const postgres = await startPostgres(options);
  running.push(postgres);
  return postgres;
};
afterEach(async () => {
  await Promise.all(running.splice(0).map((postgres) => postgres.stop()));
});

const ping = async (url: string): Promise<void> => {
  const readModel = openReadModel({ url, poolMax: 1, applicationName: 'test' });
  try {
    await migrate(readModel);
    await pingReadModel(readModel);
  } finally {
    await readModel.close();
  }
};

/** One cluster for all: making one takes seconds. Below a folder that only its owner may enter, as a fresh clone of root's may be. */
const home = join(makeTempFolder('postgres'), 'closed');
mkdirSync(home, { mode: 0o700 });
const dataDir = join(home, 'postgres');
const pidFile = join(dataDir, 'cluster', 'postmaster.pid');

/** Whether a program may be told who it is without becoming somebody else: then nothing of ours is out of its reach. */
const canMapUsers = ((): boolean => {
  try {
    execFileSync('unshare', ['--user', '--map-user=65534', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

describe.skipIf(process.getuid?.() === 0 && !canMapUsers)(
  'PostgreSQL below a folder that only its owner may enter',
  () => {
    test('finds its own programs there', async () => {
      const { initdb } = await findPostgresBinaries();
      const native = join(home, 'native');
      cpSync(dirname(dirname(initdb)), native, { recursive: true, verbatimSymlinks: true });
      const tail = makeOutputTail();
      const args = [`--pgdata=${join(home, 'other')}`, '--no-sync', '--auth=trust', '--username=postgres'];
      const command = join(native, 'bin', 'initdb');
      const program = await startPostgresProgram({ command, args, orphanSignal: 'SIGKILL', onOutput: tail.add });
      const { code } = await program.exited;
      expect(code, tail.text()).toBe(0);
    });
  },
);

describe('startPostgres', () => {
  test('takes connections as soon as it returns, only with the password, below a folder that only its owner may enter', async () => {
    const { url, port, version } = await start({ dataDir });
    expect(version).toMatch(/^\d+/);
    await ping(url);
    await expect(ping(`postgres://postgres:wrong@127.0.0.1:${port}/millrace`)).rejects.toThrow();
    expect(statSync(join(dataDir, 'password')).mode & 0o777).toBe(0o600);
  });

  test('after a kill the next start recovers on the same port with the same password', async () => {
    const first = await start({ dataDir });
    await ping(first.url);
    first.kill();
    await first.exited;
    expect(Number(readFileSync(pidFile, 'utf8').split('\n')[0])).toBe(first.pid);
    const second = await start({ dataDir, port: first.port });
    expect(second.url).toBe(first.url);
    await ping(second.url);
  });

  test('a pid file whose number belongs to another program by now does not stop it', async () => {
    const first = await start({ dataDir });
    await first.stop();
    writeFileSync(pidFile, `${process.pid}\n${join(dataDir, 'cluster')}\n1\n5432\n\n127.0.0.1\n\nready\n`);
    const second = await start({ dataDir });
    await ping(second.url);
  });

  test('stop ends it in order and leaves no process', async () => {
    const postgres = await start({ dataDir });
    expect(await postgres.stop()).toEqual({ code: 0, signal: null });
    expect(isProcessAlive(postgres.pid)).toBe(false);
  });

  test('a wrong setting is an error with the end of the log', async () => {
    await expect(start({ dataDir, settings: { shared_buffers: 'much' } })).rejects.toMatchObject({
      code: 'postgres.not_started',
      message: expect.stringContaining('shared_buffers'),
    });
  });
});
