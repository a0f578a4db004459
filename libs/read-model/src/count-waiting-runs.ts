import { type ReadModel } from './connect.ts';
import { translateError } from './errors.ts';

/**
 * Runs that wait to be dispatched, as far as the projector has come; counts no further than `upTo`.
 *
 * @throws AppError `unavailable` when Postgres is away.
 */
export const countWaitingRuns = async (readModel: ReadModel, upTo: number): Promise<number> => {
  const rows = await translateError(async () =>
    readModel.db.selectFrom('run').select('id').where('state', '=', 'waiting').limit(upTo).execute(),
  );
  return rows.length;
};
