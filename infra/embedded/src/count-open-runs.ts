import { type Ring, shardsUpTo } from '@millrace/contracts';
import { makeOpenRuns } from '@millrace/domain';
import { follow, type LogConnection, logBounds, logContradiction, readPublishedEnds } from '@millrace/eventlog';

/**
 * The runs that have not ended, in all logs that there are. Reads no more of a log than the publisher of the public events does when it
 * begins: from the request of the oldest run that was open at the last public event.
 *
 * @throws AppError `unavailable` when the log is away.
 */
export const countOpenRuns = async (connection: LogConnection, { logs }: Ring): Promise<number> => {
  const { ends } = await readPublishedEnds(
    connection,
    logs,
    async (shard, { sequence, storedAt }) =>
      (await logContradiction(connection, shard, { sequence, storedAt })) === undefined,
  );
  const counts = await Promise.all(
    shardsUpTo(logs).map(async (shard) => {
      const end = ends[shard];
      return countIn(connection, shard, end?.openSince ?? end?.sequence ?? 0);
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
};

const countIn = async (connection: LogConnection, shard: number, since: number): Promise<number> => {
  const { first, last } = await logBounds(connection, shard);
  const open = makeOpenRuns();
  const from = Math.max(since, first);
  if (from > last) return 0;
  const over = new AbortController();
  for await (const commits of follow(connection, { shard, fromSequence: from, signal: over.signal })) {
    for (const { sequence, events } of commits)
      for (const decoded of events) if (decoded.known) open.take(decoded.event, sequence);
    if ((commits.at(-1)?.sequence ?? 0) >= last) break;
  }
  return open.size();
};
