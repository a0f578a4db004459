import { AppError } from '@millrace/kernel';
import { holdsRequest, type LogConnection, logBounds } from '@millrace/eventlog';
import { listRuns, type ReadModel } from '@millrace/read-model';

export interface SameLogDeps {
  readonly connection: LogConnection;
  readonly readModel: ReadModel;
  readonly shard: number;
}

const otherLog = (finding: string): AppError =>
  new AppError(
    'unavailable',
    'read_model.other_log',
    `the rows were folded from another log: ${finding}. Nothing is projected until they are rebuilt: millrace projector rebuild`,
  );

/**
 * Makes sure that the log is the one that the rows were folded from. A log that was replaced, restored or cut short counts its messages anew:
 * whoever went on behind the stored position would pass over what the new log holds before it. The newest run's request is looked up where
 * the rows say it is.
 *
 * @throws AppError `unavailable` `read_model.other_log`, or when the log or Postgres is away.
 */
export const checkSameLog = async ({ connection, readModel, shard }: SameLogDeps, position: number): Promise<void> => {
  if (position === 0) return;
  const { last } = await logBounds(connection, shard);
  if (position > last) throw otherLog(`they stand at ${position}, and the log ends at ${last}`);
  const [newest] = (await listRuns(readModel, { limit: 1 })).runs;
  if (newest === undefined) return;
  const place = { runId: newest.id, ...newest.requested };
  if (!(await holdsRequest(connection, shard, place))) {
    throw otherLog(`run ${place.runId} is not at ${place.sequence}.${place.index}`);
  }
};
