import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Pipes made at once: one start of `mkfifo` serves many scripts. */
const BATCH = 32;
/** How long scripts do without after pipes could not be made: this machine has none, or its disk is full. */
const RETRY_AFTER_MS = 10_000;

export interface Fifo {
  readonly path: string;
  readonly readFd: number;
  readonly writeFd: number;
}

export interface Fifos {
  /** An open pipe that nobody else has open; `undefined` while none can be made. */
  readonly take: () => Fifo | undefined;
  /** Gives a pipe back once its reader has seen the end, which is when nobody can write to it any more. */
  readonly giveBack: (fifo: Fifo) => void;
  /** Forgets a pipe that something may still write to. */
  readonly abandon: (fifo: Fifo) => void;
}

/**
 * Pipes for the output of scripts. What Node calls a pipe is a socket, and a socket cannot be opened as `/dev/stderr`:
 * `echo problem > /dev/stderr` would fail. Named pipes can; reused they cost the same (689 against 695 starts/s).
 */
export const makeFifos = (directory: string): Fifos => {
  const free: string[] = [];
  let made = 0;
  let retryAt = -Infinity;

  const makeMore = (): void => {
    const paths = Array.from({ length: BATCH }, () => join(directory, `pipe-${made++}`));
    try {
      execFileSync('mkfifo', ['-m', '600', ...paths], { stdio: 'ignore' });
      free.push(...paths);
    } catch {
      retryAt = performance.now() + RETRY_AFTER_MS;
    }
  };
  return {
    take: () => {
      if (free.length === 0 && performance.now() >= retryAt) makeMore();
      const path = free.pop();
      if (path === undefined) return undefined;
      // The reader opens first and without waiting; then the writer finds it and does not wait either.
      const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        return { path, readFd, writeFd: openSync(path, constants.O_WRONLY) };
      } catch (error) {
        closeSync(readFd);
        throw error;
      }
    },
    giveBack: ({ path }) => free.push(path),
    abandon: ({ path }) => unlinkSync(path),
  };
};
