import { isRunId, ORIGIN, type Position } from '@millrace/contracts';
import { sql } from 'kysely';
import { type ReadModel } from './connect.ts';
import { translateError } from './errors.ts';
import { type RunEventRow } from './run.ts';

export interface RunEventsQuery {
  /** Only events behind this position of the log; all by default. */
  readonly after?: Position;
  /** 1,000 by default. */
  readonly limit?: number;
}

const LIMIT_DEFAULT = 1_000;

/**
 * Events of a run that counted, in the order of the log.
 *
 * @throws AppError `unavailable` when Postgres is away.
 */
export const listRunEvents = async (
  readModel: ReadModel,
  id: string,
  { after = { sequence: ORIGIN.sequence, index: -1 }, limit = LIMIT_DEFAULT }: RunEventsQuery = {},
): Promise<readonly RunEventRow[]> => {
  if (!isRunId(id)) return [];
  const rows = await translateError(async () =>
    readModel.db
      .selectFrom('run_event')
      .select(['sequence', 'index', 'type', 'time', 'attempt', 'data'])
      .where('run_id', '=', id)
      .where(sql<boolean>`(sequence, index) > (${after.sequence}::bigint, ${after.index}::integer)`)
      .orderBy('sequence')
      .orderBy('index')
      .limit(limit)
      .execute(),
  );
  return rows.map(({ sequence, index, type, time, attempt, data }) => ({
    position: { sequence, index },
    type,
    time,
    attempt: attempt ?? undefined,
    data: JSON.parse(data) as unknown,
  }));
};
