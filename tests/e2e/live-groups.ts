import { readdirSync, readFileSync } from 'node:fs';

const read = (pid: string, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // it ended between the listing and the look
  }
};

/** Field 5 of `/proc/<pid>/stat`; the command in field 2 may hold anything, so it is cut off first. */
const processGroup = (pid: string): number => {
  const stat = read(pid, 'stat');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2] ?? 0);
};

/**
 * Process groups on this machine with a process whose command line holds `marker`: what is counted is what lives, not a counter
 * of ours. Groups, because a shell that has forked but not yet executed shows its parent's command line.
 */
export const liveGroups = (marker: string): readonly number[] => {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && read(name, 'cmdline').includes(marker));
  return [...new Set(pids.map(processGroup))];
};
