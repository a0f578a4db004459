import { isRunId, type RunEventType } from '@millrace/contracts';
import { type ReadModel } from './connect.ts';
import { translateError } from './errors.ts';

const RESPONDED: RunEventType = 'dev.millrace.run.responded.v1';

/**
 * What a run answered its caller before its end: of several attempts, what the first one said. `undefined` when none has.
 *
 * @throws AppError `unavailable` when Postgres is away.
 */
export const findResponse = async (
  readModel: ReadModel,
  id: string,
): Promise<{ readonly response: unknown } | undefined> => {
  if (!isRunId(id)) return undefined;
  const row = await translateError(async () =>
    readModel.db
      .selectFrom('run_event')
      .select('data')
      .where('run_id', '=', id)
      .where('type', '=', RESPONDED)
      .orderBy('sequence')
      .orderBy('index')
      .limit(1)
      .executeTakeFirst(),
  );
  return row === undefined ? undefined : (JSON.parse(row.data) as { readonly response: unknown });
};
