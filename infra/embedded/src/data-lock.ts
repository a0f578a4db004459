import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@millrace/kernel';
import { isProcessAlive, startTimeOf } from './process-alive.ts';

export interface DataLock {
  readonly release: () => Promise<void>;
}

/** Says who holds a folder: `<pid> <start time>`. The start time tells a process from a later one of the same number. */
const signature = async (pid: number): Promise<string> => `${pid} ${(await startTimeOf(pid)) ?? '-'}`;

const readHolder = async (path: string): Promise<string> => (await readFile(path, 'utf8').catch(() => '')).trim();

const holdingPid = async (holder: string): Promise<number | undefined> => {
  const pid = Number(holder.split(' ')[0]);
  if (!Number.isInteger(pid) || pid <= 0 || !isProcessAlive(pid)) return undefined;
  return holder === (await signature(pid)) ? pid : undefined;
};

/** Takes a lock of nobody's away; whoever judged it at the same time and was faster keeps the new one. */
const removeStale = async (path: string, holder: string): Promise<void> => {
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  await rename(path, aside).catch(() => undefined);
  if ((await readHolder(aside)) !== holder) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
};

const TRIES_MAX = 10;

/**
 * One supervisor for one data folder.
 *
 * @throws AppError `refused` `data.in_use` that names the process which has it.
 */
export const lockDataFolder = async (dataDir: string): Promise<DataLock> => {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, 'supervisor.pid');
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, `${await signature(process.pid)}\n`, { mode: 0o600 });
  try {
    for (let attempt = 1; attempt <= TRIES_MAX; attempt += 1) {
      // A link appears with its content or not at all.
      const taken = await link(draft, path).then(
        () => true,
        () => false,
      );
      if (taken) return { release: () => rm(path, { force: true }) };
      const holder = await readHolder(path);
      const pid = await holdingPid(holder);
      if (pid !== undefined) {
        const what = `Millrace already runs on ${dataDir}, process ${pid}: stop it first, or give this one a folder of its own (--data-dir)`;
        throw new AppError('refused', 'data.in_use', what, { details: { pid } });
      }
      await removeStale(path, holder);
    }
  } finally {
    await rm(draft, { force: true });
  }
  throw new AppError('refused', 'data.in_use', `${path} cannot be taken`);
};
