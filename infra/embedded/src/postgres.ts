import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@millrace/kernel';
import { type BoundProcess, type ExitStatus } from './bound-process.ts';
import { findFreePort } from './free-port.ts';
import { keepSecret } from './kept-secret.ts';
import { makeOutputTail, type OutputTail } from './output-tail.ts';
import { findPostgresBinaries, readPostgresVersion } from './postgres-binaries.ts';
import {
  ensureCluster,
  notStarted,
  POSTGRES_DATABASE,
  POSTGRES_USER,
  startPostgresProgram,
} from './postgres-cluster.ts';
import { clearStaleLock, readPostmasterStatus } from './postmaster-file.ts';

export interface StartPostgresOptions {
  /** Everything of the server: password and cluster. Made if need be. */
  readonly dataDir: string;
  /** Default: any free one. */
  readonly port?: number;
  /** Default 100. */
  readonly maxConnections?: number;
  /** More settings by name, such as `fsync: 'off'` for tests. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Every piece of the server's log. */
  readonly onOutput?: (chunk: Buffer) => void;
  readonly readyTimeoutMs?: number;
}

export interface RunningPostgres {
  /** Of the superuser `postgres` and the database `millrace`. */
  readonly url: string;
  readonly urlOf: (database: string) => string;
  readonly port: number;
  readonly pid: number;
  /** `18` or `18.4`. */
  readonly version: string;
  /** Settles when the server is gone, whoever ended it. */
  readonly exited: Promise<ExitStatus>;
  /** A fast shutdown: sessions are ended, everything is written. */
  readonly stop: () => Promise<ExitStatus>;
  readonly kill: () => void;
}

const STOP_GRACE_MS = 15_000;
const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 10;
/** After a kill, the last of the old server's processes may hold its shared memory a moment longer. */
const STARTS_MAX = 30;
const RESTART_DELAY_MS = 100;

/** One writer of batches, few readers; the truth is in the log, so that a plain, small server does. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '128MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '512MB',
  checkpoint_timeout: '10min',
  log_checkpoints: 'off',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

const commandLine = (folder: string, port: number, options: StartPostgresOptions): string[] => {
  const chosen = { port: String(port), max_connections: String(options.maxConnections ?? 100) };
  const settings = Object.entries({ ...SETTINGS, ...chosen, ...options.settings });
  return ['-D', folder, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])];
};

const isReady = async (server: BoundProcess, folder: string, timeoutMs: number): Promise<boolean> => {
  const deadline = performance.now() + timeoutMs;
  while (server.isAlive()) {
    const status = await readPostmasterStatus(folder);
    if (status?.pid === server.pid && status.isReady) return true;
    if (performance.now() > deadline) {
      server.kill();
      throw new AppError('unavailable', 'postgres.not_ready', `PostgreSQL was not ready within ${timeoutMs} ms`);
    }
    await delay(POLL_MS);
  }
  return false;
};

const startOnce = async (
  args: readonly string[],
  options: StartPostgresOptions,
  tail: OutputTail,
): Promise<BoundProcess> => {
  const { postgres } = await findPostgresBinaries();
  return startPostgresProgram({
    command: postgres,
    args,
    orphanSignal: 'SIGINT',
    onOutput: (chunk) => {
      tail.add(chunk);
      options.onOutput?.(chunk);
    },
  });
};

const startUntilReady = async (folder: string, port: number, options: StartPostgresOptions): Promise<BoundProcess> => {
  const args = commandLine(folder, port, options);
  for (let start = 1; ; start += 1) {
    const tail = makeOutputTail();
    const server = await startOnce(args, options, tail);
    if (await isReady(server, folder, options.readyTimeoutMs ?? READY_TIMEOUT_MS)) return server;
    const isHeld = tail.text().includes('shared memory block');
    if (!isHeld || start === STARTS_MAX) throw notStarted('PostgreSQL ended while it started', tail.text());
    await delay(RESTART_DELAY_MS);
  }
};

/**
 * Starts PostgreSQL on loopback, on a cluster that the first start makes, waits until it takes connections,
 * and sees to it that it shuts down when this process dies.
 *
 * @throws AppError `unavailable` `postgres.not_started` with the end of its log, `postgres.not_ready`,
 * `postgres.no_binaries`; `refused` `postgres.in_use`.
 */
export const startPostgres = async (options: StartPostgresOptions): Promise<RunningPostgres> => {
  const dataDir = resolve(options.dataDir);
  const folder = join(dataDir, 'cluster');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const [password, binaries] = await Promise.all([keepSecret(join(dataDir, 'password')), findPostgresBinaries()]);
  await ensureCluster({ binaries, folder, password });
  await clearStaleLock(folder);
  const port = options.port ?? (await findFreePort());
  const server = await startUntilReady(folder, port, options);
  const urlOf = (database: string): string => `postgres://${POSTGRES_USER}:${password}@127.0.0.1:${port}/${database}`;
  return {
    url: urlOf(POSTGRES_DATABASE),
    urlOf,
    port,
    pid: server.pid,
    version: await readPostgresVersion(binaries.postgres),
    exited: server.exited,
    stop: () => server.stop(STOP_GRACE_MS),
    kill: server.kill,
  };
};
