/**
 * Whether a leader may still believe that it leads. The log refuses what a deposed leader writes; but one that writes nothing would go on
 * answering executors. So it distrusts itself after a pause of its own and when another lease appears in the log, answers nobody meanwhile,
 * and asks the log who wrote the last lease.
 */
import { type Milliseconds, SECOND } from '@millrace/kernel';

/** A gap between two checks of this length means that the process was stopped or starved. */
export const PAUSE_MAX_MS: Milliseconds = 3 * SECOND;
/** A lease that is not ours may be our own renewal on its way; after this it is not. */
const DOUBT_MAX_MS: Milliseconds = 3 * SECOND;

export interface LeaseWatch {
  readonly isTrusted: (nowMs: number) => boolean;
  /** A lease was read from the log. */
  readonly onLease: (sequence: number) => void;
  /** Call it about every half second. */
  readonly check: (nowMs: number) => void;
}

export interface LeaseWatchOptions {
  /** Sequence of our own lease. */
  readonly ownSequence: () => number;
  /** Sequence of the last lease in the log. */
  readonly readLastSequence: () => Promise<number | undefined>;
  readonly onLost: () => void;
  readonly nowMs: number;
}

export const makeLeaseWatch = ({ ownSequence, readLastSequence, onLost, nowMs }: LeaseWatchOptions): LeaseWatch => {
  let checkedMs = nowMs;
  let doubtSinceMs: number | undefined;
  let isAsking = false;

  const ask = async (atMs: number, sinceMs: number): Promise<void> => {
    const last = await readLastSequence();
    if (last === ownSequence()) doubtSinceMs = undefined;
    else if (atMs - sinceMs >= DOUBT_MAX_MS) onLost();
  };

  return {
    // after a pause, what came in meanwhile may be looked at before the first check
    isTrusted: (atMs) => doubtSinceMs === undefined && atMs - checkedMs <= PAUSE_MAX_MS,
    onLease: (sequence) => {
      if (sequence > ownSequence()) doubtSinceMs ??= checkedMs;
    },
    check: (atMs) => {
      if (atMs - checkedMs > PAUSE_MAX_MS) doubtSinceMs ??= atMs;
      checkedMs = atMs;
      if (doubtSinceMs === undefined || isAsking) return;
      isAsking = true;
      ask(atMs, doubtSinceMs)
        .catch(() => undefined) // the log is away: doubt stays, the next check asks again
        .finally(() => {
          isAsking = false;
        });
    },
  };
};
