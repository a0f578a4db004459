/**
 * Where a run is. The first three are open, the others terminal. `waiting` also between an attempt that was lost or failed and the next one.
 *
 * ```
 * waiting ──► dispatched ──► running ──► completed | failed | cancelled | timed_out
 *    ▲            │             │
 *    └────────────┴─────────────┘  attempt.lost, attempt.failed
 * waiting ──► cancelled | rejected | failed (attempts used up)
 * ```
 */
export type RunStatus =
  'waiting' | 'dispatched' | 'running' | 'completed' | 'failed' | 'cancelled' | 'timed_out' | 'rejected';

/** What the events of one run add up to, as far as rules depend on it. */
export interface RunState {
  readonly status: RunStatus;
  /** The current attempt; 0 before the first dispatch. While the run waits it is the last one, which is over. */
  readonly attempt: number;
  /** Who has the current attempt, or had the last one when the run is over; `undefined` while it waits. */
  readonly executor: string | undefined;
  /** Attempts that may still follow one that failed, or one that was lost. */
  readonly retriesLeft: { readonly failed: number; readonly lost: number };
  /** Losses that may still be forgiven: see {@link FORGIVEN_LOSSES_MAX}. */
  readonly forgivenLeft: number;
  readonly isCancelRequested: boolean;
}

/**
 * Lost attempts that do not count against `retries.lost`, because the loss was, or may have been, the fault of another. Whoever
 * loses more may be the cause itself: the rest counts. A run that may not be tried again after a loss is forgiven none.
 */
export const FORGIVEN_LOSSES_MAX = 10;

const OPEN: ReadonlySet<RunStatus> = new Set(['waiting', 'dispatched', 'running']);

/** Whether the run can still change. */
export const isOpen = (status: RunStatus): boolean => OPEN.has(status);
