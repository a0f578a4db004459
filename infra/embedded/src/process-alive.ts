import { readFile } from 'node:fs/promises';

/** Whether a process of this id exists, ours or not. */
export const isProcessAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};

/** Its command line with spaces between the arguments; `undefined` where the system does not tell (anything but Linux). */
export const commandLineOf = async (pid: number): Promise<string | undefined> =>
  readFile(`/proc/${pid}/cmdline`, 'utf8').then(
    (text) => text.replaceAll('\0', ' ').trim(),
    () => undefined,
  );

/** When it started, in ticks since boot, which no later process of the same number repeats; `undefined` where the system does not tell. */
export const startTimeOf = async (pid: number): Promise<string | undefined> => {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name stands in parentheses and may hold anything; the start time is the 20th field after it.
  return text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .at(19);
};
