import { type LogConnection } from './connection.ts';
import { logBounds, readCommit } from './read-commit.ts';

/** Where a run's request is said to be. */
export interface RequestPlace {
  readonly runId: string;
  readonly sequence: number;
  readonly index: number;
}

/**
 * Whether the log has this run's request where it is said to be, or had it there for all that can be known: what has aged out cannot
 * speak against it. `false` means that the place was taken from another log.
 *
 * @throws AppError `unavailable` when the log is away.
 */
export const holdsRequest = async (
  connection: LogConnection,
  shard: number,
  { runId, sequence, index }: RequestPlace,
): Promise<boolean> => {
  const commit = await readCommit(connection, shard, sequence);
  const found = commit?.events[index];
  if (found?.known === true && found.event.subject === runId) return true;
  // Asked after the look: a request that ages out in between is not taken for another log's.
  return sequence < (await logBounds(connection, shard)).first;
};
