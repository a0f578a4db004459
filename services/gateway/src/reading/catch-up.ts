import { AppError } from '@millrace/kernel';
import { type LogConnection, logBounds } from '@millrace/eventlog';
import { READ_YOUR_WRITES_MS } from '../limits.ts';
import { type ProjectionWatch } from './projection-watch.ts';

/**
 * Waits until every run that the log held when asked is in the read model, for {@link READ_YOUR_WRITES_MS} at most, and says whether it is.
 * Without the log nothing can be newer than what is known: then not.
 *
 * @throws AppError `unavailable` when Postgres is away.
 */
export type CatchUp = () => Promise<boolean>;

export interface CatchUpDeps {
  readonly connection: LogConnection;
  readonly watch: ProjectionWatch;
  readonly shard: number;
}

const endOfLog = async (connection: LogConnection, shard: number): Promise<number | undefined> => {
  try {
    return (await logBounds(connection, shard)).last;
  } catch (error) {
    if (error instanceof AppError && error.kind === 'unavailable') return undefined;
    throw error;
  }
};

export const makeCatchUp =
  ({ connection, watch, shard }: CatchUpDeps): CatchUp =>
  async () => {
    const end = await endOfLog(connection, shard);
    return end !== undefined && watch.passes('runs', end, READ_YOUR_WRITES_MS);
  };
