import { type LogConnection } from './connection.ts';
import { type Commit } from './follow.ts';
import { notYet } from './not-yet.ts';

/** The commit at this sequence; `undefined` when the log does not (or no longer) hold it. */
export const readCommit = async (
  connection: LogConnection,
  shard: number,
  sequence: number,
): Promise<Commit | undefined> => notYet(connection, shard, sequence);

export interface Bounds {
  /** Sequence of the oldest message; `last + 1` when there is none. */
  readonly first: number;
  /** Sequence of the newest message ever stored; 0 when there was none. */
  readonly last: number;
}

export const logBounds = async (connection: LogConnection, shard: number): Promise<Bounds> => notYet(connection, shard);
