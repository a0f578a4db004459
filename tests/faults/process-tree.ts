import { readdirSync, readFileSync } from 'node:fs';

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
