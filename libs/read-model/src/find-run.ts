import { isRunId } from '@millrace/contracts';
import { type ReadModel } from './connect.ts';
import { translateError } from './errors.ts';
import { RUN_COLUMNS, toRun } from './run-columns.ts';
import { type RunRow } from './run.ts';

/**
 * The run as far as the projector has come; see `projectedPosition` before concluding that it does not exist.
 * A text that is no run id is `undefined` without asking Postgres.
 *
 * @throws AppError `unavailable` when Postgres is away.
 */
export const findRun = async (readModel: ReadModel, id: string): Promise<RunRow | undefined> => {
  if (!isRunId(id)) return undefined;
  const row = await translateError(async () =>
    readModel.db.selectFrom('run').select(RUN_COLUMNS).where('id', '=', id).executeTakeFirst(),
  );
  return row === undefined ? undefined : toRun(row);
};
