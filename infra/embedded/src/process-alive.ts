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
