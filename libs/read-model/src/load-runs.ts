import { type ReadModel } from './connect.ts';
import { LIVE_SCHEMA } from './database.ts';
import { translateError } from './errors.ts';
import { MUTABLE_COLUMNS, type RunProgressRecord } from './records.ts';

const textFor = (schema: string): string =>
  `select id, ${MUTABLE_COLUMNS.map(([name]) => name).join(', ')} from "${schema}".run where id = any($1::uuid[])`;

/**
 * What events can change of these runs, as far as they are in the table. Planned each time: a plan that was kept from when the table
 * was small would read it whole.
 *
 * @throws AppError `unavailable` when Postgres is away.
 */
export const loadRuns = async (
  readModel: ReadModel,
  ids: readonly string[],
  schema: string = LIVE_SCHEMA,
): Promise<readonly RunProgressRecord[]> => {
  if (ids.length === 0) return [];
  const { rows } = await translateError(async () =>
    readModel.pool.query<RunProgressRecord>({
      text: textFor(schema),
      values: [`{${ids.join(',')}}`],
    }),
  );
  return rows;
};
