import { type ReadModel } from './connect.ts';
import { translateError } from './errors.ts';

/**
 * Lends a view in which all queries see the same moment: `findRun`, `listRunEvents` and `projectedPosition` agree.
 * Whoever follows the log behind that position misses nothing and sees nothing twice.
 *
 * @throws AppError `unavailable` when Postgres is away.
 */
export const withSnapshot = async <Result>(
  readModel: ReadModel,
  use: (snapshot: ReadModel) => Promise<Result>,
): Promise<Result> =>
  translateError(async () =>
    readModel.db
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute(async (db) => use({ ...readModel, db })),
  );
