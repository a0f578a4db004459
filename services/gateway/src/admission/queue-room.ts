import { AppError } from '@millrace/kernel';
import { QUEUE_FRESH_MS } from '../limits.ts';

/** Refuses requests while more runs wait on the server than may. */
export interface QueueRoom {
  /** @throws AppError `over_limit` `queue.full`. */
  readonly check: () => void;
  /** How many runs wait, as the leader said. */
  readonly onWaiting: (waiting: number) => void;
}

const RETRY_AFTER_SECONDS = 5;

/**
 * The leader is asked once a second, so what arrives within a second may go beyond the limit. Nobody knows how many wait while there is no
 * leader: then requests are recorded, as far as the log has room.
 *
 * @param nowMs monotonic
 */
export const makeQueueRoom = (queueLimit: number, nowMs: () => number): QueueRoom => {
  let waiting = 0;
  let heardMs = Number.NEGATIVE_INFINITY;
  return {
    check: () => {
      if (waiting < queueLimit || nowMs() - heardMs > QUEUE_FRESH_MS) return;
      throw new AppError('over_limit', 'queue.full', `${waiting} runs wait already, and ${queueLimit} may`, {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
        details: { waiting, queue_limit: queueLimit },
      });
    },
    onWaiting: (count) => {
      waiting = count;
      heardMs = nowMs();
    },
  };
};
