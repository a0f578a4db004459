/**
 * Keeps room in the log for what was accepted. The log refuses everything once it is full, dispatches and results too: runs that filled it
 * would wait for ever. So requests are refused earlier, while the open runs can still be written to their end.
 *
 * I1 what a request takes counts from the moment it is let in until an answer of the leader that was asked for long enough afterwards
 *    to know of it; it is never in neither of the two.
 * I2 the state is that of now: a refusal is forgotten after {@link REFUSAL_FRESH_MS}.
 */
import { AppError } from '@millrace/kernel';
import {
  APPEND_TIMEOUT_MS,
  LOG_RESERVE_BYTES,
  LOG_RESERVE_SHARE,
  LOG_RESERVE_SHARE_MAX,
  REFUSAL_FRESH_MS,
  RUN_LOG_BYTES,
} from '../limits.ts';

const RETRY_AFTER_SECONDS = 5;

export interface LogRoomState {
  readonly bytes: number;
  readonly maxBytes: number;
  /** What the open runs may still need. */
  readonly neededBytes: number;
  readonly isFull: boolean;
}

export interface LogRoom {
  /**
   * Takes room for one run.
   *
   * @param writtenBytes of its input and environment
   * @throws AppError `unavailable` `log.full` when there is none.
   */
  readonly take: (writtenBytes: number) => void;
  /** What the leader answered that open runs need, and when it was asked. */
  readonly onNeeded: (neededBytes: number, askedAtMs: number) => void;
  readonly onFill: (fill: { readonly bytes: number; readonly maxBytes: number }) => void;
  readonly state: () => LogRoomState;
}

/** What requests leave free beyond what open runs need: the answer to "how full is it?" is a second old. */
export const reserveOf = (maxBytes: number): number =>
  Math.min(maxBytes * LOG_RESERVE_SHARE_MAX, Math.max(LOG_RESERVE_BYTES, maxBytes * LOG_RESERVE_SHARE));

/** What a request takes until its run is over: itself, its dispatch, which repeats input and environment, and the other events. */
export const requestBytes = (writtenBytes: number): number => RUN_LOG_BYTES + 2 * writtenBytes;

const full = ({ bytes, maxBytes }: LogRoomState): AppError =>
  new AppError(
    'unavailable',
    'log.full',
    `the log is full: it holds ${bytes} of ${maxBytes} bytes, and the rest is kept for runs that were accepted`,
    { retryAfterSeconds: RETRY_AFTER_SECONDS },
  );

interface Taken {
  readonly atMs: number;
  bytes: number;
}

/** Takes of one moment are counted together: there are at most so many entries between two answers. */
const MOMENT_MS = 50;

/** @param nowMs monotonic */
export const makeLogRoom = (nowMs: () => number): LogRoom => {
  let fill = { bytes: 0, maxBytes: Number.POSITIVE_INFINITY };
  let neededBytes = 0;
  let taken: Taken[] = [];
  let takenBytes = 0;
  let refused = { bytes: 0, atMs: Number.NEGATIVE_INFINITY };

  const freeBytes = (): number => fill.maxBytes - reserveOf(fill.maxBytes) - fill.bytes - neededBytes - takenBytes;
  const leastWanted = (): number =>
    nowMs() - refused.atMs < REFUSAL_FRESH_MS ? Math.max(RUN_LOG_BYTES, refused.bytes) : RUN_LOG_BYTES;
  const state = (): LogRoomState => ({
    bytes: fill.bytes,
    maxBytes: fill.maxBytes,
    neededBytes: neededBytes + takenBytes,
    isFull: freeBytes() < leastWanted(),
  });
  return {
    take: (writtenBytes) => {
      const bytes = requestBytes(writtenBytes);
      const atMs = nowMs();
      if (bytes > freeBytes()) {
        refused = { bytes, atMs };
        throw full(state());
      }
      takenBytes += bytes;
      const last = taken.at(-1);
      if (last !== undefined && atMs - last.atMs < MOMENT_MS) last.bytes += bytes;
      else taken.push({ atMs, bytes });
    },
    onNeeded: (needed, askedAtMs) => {
      neededBytes = needed;
      taken = taken.filter(({ atMs }) => atMs > askedAtMs - APPEND_TIMEOUT_MS - MOMENT_MS);
      takenBytes = taken.reduce((sum, { bytes }) => sum + bytes, 0);
    },
    onFill: ({ bytes, maxBytes }) => {
      fill = { bytes, maxBytes };
    },
    state,
  };
};
