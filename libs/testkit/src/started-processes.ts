import { rmSync } from 'node:fs';

/** Something that was started by this test file and has to be gone when it ends. */
export interface StartedProcess {
  readonly name: string;
  readonly pid: number;
  readonly isAlive: () => boolean;
}

const processes = new Set<StartedProcess>();
const folders = new Set<string>();

/** Has to be stopped by the test: see `leak-check.ts`. Killed when this process ends before. */
export const trackProcess = (started: StartedProcess): void => void processes.add(started);

/** Takes note that it has ended: its number may belong to somebody else from now on. */
export const untrackProcess = (pid: number): void => {
  for (const started of processes) if (started.pid === pid) processes.delete(started);
};

/** Whether a process of this number runs. */
export const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** Is removed when this process ends. */
export const trackFolder = (folder: string): void => void folders.add(folder);

export const runningProcesses = (): readonly StartedProcess[] => [...processes].filter(({ isAlive }) => isAlive());

/** Kills what still runs; names it. */
export const killRunning = (): readonly string[] =>
  runningProcesses().map(({ name, pid }) => {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended in between.
    }
    return `${name} (pid ${pid})`;
  });

export const removeFolders = (): void => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  folders.clear();
};

process.on('exit', () => {
  killRunning();
  removeFolders();
});
