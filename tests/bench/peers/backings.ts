import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:net';
import { findFreePort, startBound, startPostgres } from '@millrace/embedded';
import { fetchDebianProgram } from './install.ts';
import { type Backing } from './library-contender.ts';

const READY_TIMEOUT_MS = 20_000;

const makeFolder = (name: string): Promise<string> => mkdtemp(join(tmpdir(), `millrace-bench-${name}-`));

/** Whether somebody listens on the port. */
export const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const settle = (found: boolean): void => {
      socket.destroy();
      resolve(found);
    };
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
  });

export const untilListening = async (port: number, what: string): Promise<void> => {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (!(await isListening(port))) {
    if (performance.now() > deadline) throw new Error(`${what} did not listen within ${READY_TIMEOUT_MS} ms`);
    await delay(50);
  }
};

/** Debian's Redis with its append-only file alone, in a folder of its own. */
export const startRedis = async (appendfsync: 'always' | 'everysec'): Promise<Backing> => {
  const { path, env } = await fetchDebianProgram('redis-server', 'usr/bin/redis-server');
  const folder = await makeFolder('redis');
  const port = await findFreePort();
  const settings = [
    '--save',
    '',
    '--appendonly',
    'yes',
    '--appendfsync',
    appendfsync,
    '--maxmemory-policy',
    'noeviction',
  ];
  const server = await startBound({
    command: path,
    args: ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, ...settings],
    env,
    stopSignal: 'SIGTERM',
    orphanSignal: 'SIGKILL',
  });
  await untilListening(port, 'redis-server');
  return {
    pid: server.pid,
    settings: { redisPort: port },
    stop: async () => {
      server.kill(); // its data goes, too
      await server.exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/** Our embedded PostgreSQL with its defaults for durability, said out loud; a server of its own for each peer. */
export const startPeerPostgres = async (): Promise<Backing> => {
  const folder = await makeFolder('postgres');
  const server = await startPostgres({
    dataDir: folder,
    maxConnections: 300,
    settings: { synchronous_commit: 'on', fsync: 'on' },
  });
  return {
    pid: server.pid,
    settings: { databaseUrl: server.url },
    stop: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
