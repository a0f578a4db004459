/**
 * Notices that nats-server cannot write, and starts it again once there is room: since 2.15 it takes no more for a stream after a write that
 * failed, before it has started anew, however much room there is.
 *
 * ```
 * well ──no room, or a failed write──► stuck ──room, and no failed write──► well
 *                                        │ ▲
 *                     room, failed write ▼ │ next try after 5 s … 60 s
 *                                      restart
 * ```
 */
import { type Milliseconds } from '@millrace/kernel';

/** With less than this free nothing counts on a write: the next one, or one that the file system still owes, fails. */
export const DISK_FULL_BYTES = 4 * 1_048_576;
/** nats-server is started again with this much free. */
export const DISK_ROOM_BYTES = 32 * 1_048_576;
const RESTART_BACKOFF_MS = { first: 5_000, max: 60_000 };

/** What is seen in one look. */
export interface DiskView {
  readonly writeError: string | undefined;
  readonly freeBytes: number;
  readonly nowMs: Milliseconds;
}

export interface DiskVerdict {
  /** Why nothing can be recorded; `undefined` when it can. */
  readonly problem: string | undefined;
  /** News for people: the problem began or ended, or a restart is due. */
  readonly news: string | undefined;
  readonly restart: boolean;
}

const mib = (bytes: number): string => `${Math.floor(bytes / 1_048_576)} MiB`;

const problemOf = ({ writeError, freeBytes }: DiskView): string | undefined => {
  if (writeError !== undefined) return `nats-server cannot write (${writeError})`;
  return freeBytes < DISK_FULL_BYTES ? `the disk is full (${mib(freeBytes)} free)` : undefined;
};

/** Judges one look after the other. */
export const makeDiskKeeper = (): ((view: DiskView) => DiskVerdict) => {
  let isStuck = false;
  let restarts = 0;
  let nextRestartMs = Number.NEGATIVE_INFINITY;

  const newsOf = (view: DiskView, problem: string | undefined, restart: boolean): string | undefined => {
    const { freeBytes } = view;
    if (restart) return `${problem}; ${mib(freeBytes)} are free again: starting it anew`;
    if (problem !== undefined && !isStuck)
      return `${problem}: requests are refused until ${mib(DISK_ROOM_BYTES)} are free`;
    return problem === undefined && isStuck ? 'the log can be written again' : undefined;
  };
  return (view) => {
    const { writeError, freeBytes, nowMs } = view;
    const problem = problemOf(view);
    const restart = writeError !== undefined && freeBytes >= DISK_ROOM_BYTES && nowMs >= nextRestartMs;
    const news = newsOf(view, problem, restart);
    if (restart) {
      nextRestartMs = nowMs + Math.min(RESTART_BACKOFF_MS.first * 2 ** restarts, RESTART_BACKOFF_MS.max);
      restarts += 1;
    } else if (problem === undefined) {
      restarts = 0;
    }
    isStuck = problem !== undefined;
    return { problem, news, restart };
  };
};
