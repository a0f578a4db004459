import { type Position, type RunEvent } from '@millrace/contracts';
import { type LogConnection } from './connection.ts';
import { notYet } from './not-yet.ts';

export interface EventWriterOptions {
  readonly shard: number;
  /** Where the commits go, such as `logSubject.commit(shard)`. */
  readonly subject: string;
  /** Commits that may be unacknowledged at the same time. 1 keeps the order of all appends. */
  readonly inFlightMax: number;
  readonly timeoutMs: number;
  /** What happens to a commit whose outcome is unknown. `until-closed` repeats it with the same message id. */
  readonly retry: 'never' | 'until-closed';
  /** Called for every acknowledged commit, before its callers resume. */
  readonly onCommit?: (commit: AppendedCommit) => void;
}

export interface AppendedCommit {
  readonly sequence: number;
  readonly events: number;
  readonly bytes: number;
  /** From sending to acknowledgement. */
  readonly tookMs: number;
}

export interface EventWriter {
  /**
   * Resolves once all events are on disk in one commit, with the position of the first; the i-th follows at `index + i`.
   *
   * @throws AppError `unavailable`: `log.unknown_outcome` may or may not be recorded; `log.full`, `log.overloaded`,
   * `log.unreachable` and `log.closed` are not recorded. `too_large` `log.too_large`.
   */
  readonly append: (events: readonly RunEvent[]) => Promise<Position>;
  /** Appends not yet acknowledged. */
  readonly pending: () => number;
  /** Waits for what is pending, then refuses further appends. */
  readonly close: () => Promise<void>;
  /** Refuses everything pending and further appends at once. */
  readonly abort: () => void;
}

export const makeEventWriter = (connection: LogConnection, options: EventWriterOptions): EventWriter =>
  notYet(connection, options);
