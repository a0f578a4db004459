import { type DecodedEvent } from '@millrace/contracts';
import { type LogConnection } from './connection.ts';
import { notYet } from './not-yet.ts';

/** One message of the log: one or more events of one writer. The event at index i has position `<sequence>.<i>`. */
export interface Commit {
  readonly sequence: number;
  readonly subject: string;
  /** When the log stored it, milliseconds since the epoch. */
  readonly time: number;
  /** Empty for lease messages. */
  readonly events: readonly DecodedEvent[];
}

export interface FollowOptions {
  readonly shard: number;
  /** The first sequence wanted; 1 or 0 for everything. */
  readonly fromSequence: number;
  /** Only these subjects; all of the shard by default. */
  readonly subjects?: readonly string[];
  /** Ends the iteration. */
  readonly signal: AbortSignal;
  /** Commits per batch at most; 1,024 by default. */
  readonly maxBatch?: number;
}

/**
 * Yields the commits of a shard in order, history first and then live, in batches of all that has arrived. No gap and no repeat,
 * whatever happens to the connection or the server in between. Ends when the signal aborts.
 *
 * @throws AppError `unavailable` `log.closed` when the connection is closed.
 */
export const follow = (connection: LogConnection, options: FollowOptions): AsyncIterable<readonly Commit[]> =>
  notYet(connection, options);
