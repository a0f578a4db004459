/**
 * Keeps room in the log for what was accepted. The log refuses everything once it is full, dispatches and results too: runs that filled it
 * would wait for ever. So requests are refused earlier, while the open runs can still be written to their end.
 *
 * The leader says about once a second what the open runs need; between two answers every request takes its share of what is left. Without an
 * answer the last one holds. This is a hint: it only ever makes a gateway refuse.
 */
import { type LeaderAnswer, messagingSubject } from '@millrace/contracts';
import { type LogConnection, logFill, request } from '@millrace/eventlog';
import { AppError, SECOND } from '@millrace/kernel';
import { LOG_RESERVE_BYTES, LOG_RESERVE_SHARE, LOG_ROOM_INTERVAL_MS, RUN_LOG_BYTES } from '../limits.ts';

const LOG_RESERVE_SHARE_MAX = 0.25;
const ANSWER_TIMEOUT_MS = SECOND;
const RETRY_AFTER_SECONDS = 5;

export interface LogRoomState {
  readonly bytes: number;
  readonly maxBytes: number;
  /** What the open runs still need. */
  readonly neededBytes: number;
  readonly isFull: boolean;
}

export interface LogRoom {
  /**
   * Takes room for one run.
   *
   * @throws AppError `unavailable` `log.full` when there is none.
   */
  readonly take: (bodyBytes: number) => void;
  readonly state: () => LogRoomState;
  readonly close: () => void;
}

const reserveOf = (maxBytes: number): number =>
  Math.min(maxBytes * LOG_RESERVE_SHARE_MAX, Math.max(LOG_RESERVE_BYTES, maxBytes * LOG_RESERVE_SHARE));

const full = ({ bytes, maxBytes }: LogRoomState): AppError =>
  new AppError(
    'unavailable',
    'log.full',
    `the log is full: it holds ${bytes} of ${maxBytes} bytes, and the rest is kept for runs that were accepted`,
    { retryAfterSeconds: RETRY_AFTER_SECONDS },
  );

export const watchLogRoom = (connection: LogConnection, shard: number): LogRoom => {
  let fill = { bytes: 0, maxBytes: Number.POSITIVE_INFINITY };
  let neededBytes = 0;
  /** Taken since the leader was last asked: it may not know of these yet. */
  let takenBytes = 0;
  /** What the last refused request would have taken: while that is more than is left, the log is full. */
  let refusedBytes = RUN_LOG_BYTES;

  const askLeader = async (): Promise<void> => {
    const before = takenBytes;
    const answer = await request(connection, messagingSubject.leader(shard), '', ANSWER_TIMEOUT_MS);
    neededBytes = (JSON.parse(answer) as LeaderAnswer).neededBytes;
    takenBytes -= before;
  };
  const refresh = async (): Promise<void> => {
    await askLeader().catch(() => undefined); // the last answer holds, and what was taken since is counted
    fill = await logFill(connection, shard);
  };

  const freeBytes = (): number => fill.maxBytes - reserveOf(fill.maxBytes) - fill.bytes - neededBytes - takenBytes;
  const state = (): LogRoomState => ({
    ...fill,
    neededBytes: neededBytes + takenBytes,
    isFull: freeBytes() < refusedBytes,
  });

  let isRefreshing = false;
  const tick = (): void => {
    if (isRefreshing) return;
    isRefreshing = true;
    refresh()
      .catch(() => undefined) // the log is away: every append says so itself
      .finally(() => {
        isRefreshing = false;
      });
  };
  const timer = setInterval(tick, LOG_ROOM_INTERVAL_MS);
  tick();

  return {
    take: (bodyBytes) => {
      const bytes = RUN_LOG_BYTES + 2 * bodyBytes;
      if (bytes > freeBytes()) {
        refusedBytes = bytes;
        throw full(state());
      }
      takenBytes += bytes;
    },
    state,
    close: () => clearInterval(timer),
  };
};
