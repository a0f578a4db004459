import { type ReadModel } from './connect.ts';
import { translateError } from './errors.ts';

/**
 * The shard in whose log a run is; `undefined` when there is no row of it.
 *
 * @throws AppError `unavailable` when Postgres is away.
 */
export const findShard = async (readModel: ReadModel, runId: string): Promise<number | undefined> =>
  translateError(async () => {
    const row = await readModel.db.selectFrom('run').select('shard').where('id', '=', runId).executeTakeFirst();
    return row?.shard;
  });
