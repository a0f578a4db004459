import { type ReadModel } from './connect.ts';
import { translateError } from './errors.ts';

/** `runs` follows the log into `run` and `run_event`, `output` follows the stream `LOGS` into `run_output`. */
export type Projection = 'runs' | 'output';

/**
 * Sequence of the last message whose events are all in the tables; 0 before the first.
 *
 * @throws AppError `unavailable` when Postgres is away.
 */
export const projectedPosition = async (
  readModel: ReadModel,
  shard: number,
  projection: Projection = 'runs',
): Promise<number> => {
  const row = await translateError(async () =>
    readModel.db
      .selectFrom('projection_position')
      .select('sequence')
      .where('projection', '=', projection)
      .where('shard', '=', shard)
      .executeTakeFirst(),
  );
  return row?.sequence ?? 0;
};
