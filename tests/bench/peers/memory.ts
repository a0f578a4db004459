import { readFile } from 'node:fs/promises';
import { readDescendants } from '../cpu.ts';

const residentOf = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''); // ended meanwhile
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024;
};

/** Resident memory of these processes and of all that they started, in MiB; what they share counts more than once. */
export const residentMiB = async (pids: readonly number[]): Promise<number> => {
  const all = new Set((await Promise.all(pids.map(readDescendants))).flat());
  const sizes = await Promise.all([...all].map(residentOf));
  return Math.round(sizes.reduce((sum, size) => sum + size, 0));
};
