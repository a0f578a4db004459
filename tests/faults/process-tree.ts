import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const parentOf = (pid: string): number => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0);
  } catch {
    return 0; // it ended between the listing and the look
  }
};

/** A process and everything that descends from it, parents first. */
export const processTree = (root: number): readonly number[] => {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: parentOf(name) }));
  const tree = [root];
  for (const member of tree) {
    for (const { pid, parent } of parents) if (parent === member) tree.push(pid);
  }
  return tree;
};

/** Sends a signal to every process of the tree; a stopped tree neither works nor refuses, as a machine that hangs. */
export const signalTree = (root: number, signal: NodeJS.Signals): void => {
  for (const pid of processTree(root)) process.kill(pid, signal);
};

const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
};

/** Processes of scripts that run below this home. */
export const scriptsOf = (home: string): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && /^\S*sh /.test(commandOf(pid)) && commandOf(pid).includes(`${home}/`));

const ORPHANS_MAX_MS = 2_000;

/** Scripts that still run so long after their executor was killed. */
export const liveWitnesses = async (home: string): Promise<readonly number[]> => {
  const orphans = scriptsOf(home);
  const deadline = performance.now() + 10 * ORPHANS_MAX_MS; // for a machine with much to do
  let left = orphans;
  while (left.length > 0 && performance.now() < deadline) {
    await delay(50);
    const now = new Set(scriptsOf(home));
    left = orphans.filter((pid) => now.has(pid));
  }
  return left;
};
