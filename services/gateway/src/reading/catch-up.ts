import { AppError } from '@millrace/kernel';
import { type LogConnection, logBounds } from '@millrace/eventlog';
import { READ_YOUR_WRITES_MS } from '../limits.ts';
import { type ProjectionWatch } from './projection-watch.ts';

/**
 * Waits until every run that the logs held when asked is in the read model, for {@link READ_YOUR_WRITES_MS} at most, and says whether it is.
 * Without the log nothing can be newer than what is known: then not.
 *
 * @throws AppError `unavailable` when Postgres is away.
 */
export type CatchUp = () => Promise<boolean>;

export interface CatchUpDeps {
  readonly connection: LogConnection;
  /** By shard, of every log that there is. */
  readonly watches: readonly ProjectionWatch[];
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
  ({ connection, watches }: CatchUpDeps): CatchUp =>
  async () => {
    const passed = await Promise.all(
      watches.map(async (watch, shard) => {
        const end = await endOfLog(connection, shard);
        return end !== undefined && watch.passes('runs', end, READ_YOUR_WRITES_MS);
      }),
    );
    return passed.every(Boolean);
  };
