import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@millrace/kernel';
import { commandLineOf, isProcessAlive } from './process-alive.ts';

/** What PostgreSQL writes into `postmaster.pid` of its data folder, by line: 1 pid, 4 port, 8 status. */
export interface PostmasterStatus {
  readonly pid: number;
  readonly port: number;
  readonly isReady: boolean;
}

const fileOf = (folder: string): string => join(folder, 'postmaster.pid');

export const parsePostmasterFile = (text: string): PostmasterStatus | undefined => {
  const lines = text.split('\n').map((line) => line.trim());
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return { pid, port: Number(lines[3] ?? 0), isReady: lines[7] === 'ready' };
};

export const readPostmasterStatus = async (folder: string): Promise<PostmasterStatus | undefined> =>
  parsePostmasterFile(await readFile(fileOf(folder), 'utf8').catch(() => ''));

const isPostgres = async (pid: number): Promise<boolean> => {
  if (!isProcessAlive(pid)) return false;
  const commandLine = await commandLineOf(pid);
  return commandLine === undefined || commandLine.includes('postgres');
};

const WAIT_MAX_MS = 15_000;
const POLL_MS = 20;

/**
 * Sees to it that a `postmaster.pid` of an earlier server does not stop the next one. One that is still ending
 * (its supervisor was killed a moment ago) is waited for. A file that names a process which is no PostgreSQL
 * (the number was given out again) is removed; a file that names nobody is PostgreSQL's own to judge, because
 * it names the shared memory that must be free first.
 *
 * @throws AppError `refused` `postgres.in_use` when a server goes on running there.
 */
export const clearStaleLock = async (folder: string): Promise<void> => {
  const found = await readPostmasterStatus(folder);
  if (found === undefined) return;
  const deadline = performance.now() + WAIT_MAX_MS;
  while (await isPostgres(found.pid)) {
    if (performance.now() > deadline) {
      throw new AppError('refused', 'postgres.in_use', `process ${found.pid} already serves ${folder}: stop it first`);
    }
    await delay(POLL_MS);
  }
  if (isProcessAlive(found.pid)) await rm(fileOf(folder), { force: true });
};
