import { readdir, readFile } from 'node:fs/promises';
import type { Platform } from './platform.ts';

/** `getconf CLK_TCK`: 100 on every Linux that Node runs on. */
const MICROSECONDS_PER_TICK = 10_000;

interface ProcessTimes {
  readonly parent: number;
  /** Its own and that of its children that ended, in microseconds. */
  readonly microseconds: number;
}

/** @see proc_pid_stat(5): fields 14 to 17 are utime, stime, cutime, cstime. */
const parseStat = (stat: string): ProcessTimes => {
  // The command's name may hold blanks and parentheses: what follows the last one are fields 3 and up.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return { parent: Number(fields[1]), microseconds: ticks * MICROSECONDS_PER_TICK };
};

const readProcesses = async (): Promise<ReadonlyMap<number, ProcessTimes>> => {
  const pids = (await readdir('/proc')).map(Number).filter(Number.isInteger);
  const read = async (pid: number): Promise<[number, ProcessTimes] | undefined> => {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined); // ended meanwhile
    return stat === undefined ? undefined : [pid, parseStat(stat)];
  };
  return new Map((await Promise.all(pids.map(read))).filter((entry) => entry !== undefined));
};

const descendants = (processes: ReadonlyMap<number, ProcessTimes>, root: number): number[] =>
  [...processes].flatMap(([pid, { parent }]) => (parent === root ? [pid, ...descendants(processes, pid)] : []));

/** A process and all that it started. */
export const readDescendants = async (root: number): Promise<readonly number[]> => [
  root,
  ...descendants(await readProcesses(), root),
];

/** Processor time that each part of the platform has used so far, in microseconds. */
export type CpuTimes = Readonly<Record<string, number>>;

/**
 * `runs` is what hosts, spawners and scripts used: the executor's children. Their time is honest on a machine that others use
 * as well, where runs per second are not.
 */
export const readCpuTimes = async ({ pids }: Platform): Promise<CpuTimes> => {
  const processes = await readProcesses();
  const sum = (members: readonly number[]): number =>
    members.reduce((total, pid) => total + (processes.get(pid)?.microseconds ?? 0), 0);
  const times: Record<string, number> = {};
  for (const [name, pid] of Object.entries(pids)) {
    const children = sum(descendants(processes, pid));
    if (name === 'executor') times['runs'] = children;
    times[name] = sum([pid]) + (name === 'executor' ? 0 : children);
  }
  return times;
};

/** Microseconds by part between two readings, for each of what was counted between them. */
export const cpuPerUnit = (before: CpuTimes, after: CpuTimes, count: number): CpuTimes =>
  Object.fromEntries(Object.entries(after).map(([name, used]) => [name, (used - (before[name] ?? 0)) / count]));

const IDLE_SECONDS = 10;

/** Microseconds per second by part while nothing runs. */
export const measureIdleCpu = async (platform: Platform): Promise<CpuTimes> => {
  const before = await readCpuTimes(platform);
  await new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 1_000));
  return cpuPerUnit(before, await readCpuTimes(platform), IDLE_SECONDS);
};
