import { isRunId, ORIGIN, type Position } from '@millrace/contracts';
import { sql } from 'kysely';
import { type ReadModel } from './connect.ts';
import { translateError } from './errors.ts';
import { type RunOutputRow } from './run.ts';

export interface OutputQuery {
  /** Only chunks behind this place in the stream `LOGS`; all by default. */
  readonly after?: Position;
  /** Only this attempt; all by default. */
  readonly attempt?: number;
  /** 1,000 by default. */
  readonly limit?: number;
}

const LIMIT_DEFAULT = 1_000;

/**
 * What a run wrote, in the order in which it was stored.
 *
 * @throws AppError `unavailable` when Postgres is away.
 */
export const listOutput = async (
  readModel: ReadModel,
  id: string,
  { after = { sequence: ORIGIN.sequence, index: -1 }, attempt, limit = LIMIT_DEFAULT }: OutputQuery = {},
): Promise<readonly RunOutputRow[]> => {
  if (!isRunId(id)) return [];
  const rows = await translateError(async () =>
    readModel.db
      .selectFrom('run_output')
      .select(['sequence', 'pack_index', 'attempt', 'chunk_index', 'stream', 'time', 'text'])
      .where('run_id', '=', id)
      .where(sql<boolean>`(sequence, pack_index) > (${after.sequence}::bigint, ${after.index}::integer)`)
      .$if(attempt !== undefined, (query) => query.where('attempt', '=', attempt ?? 0))
      .orderBy('sequence')
      .orderBy('pack_index')
      .limit(limit)
      .execute(),
  );
  return rows.map((row) => ({
    position: { sequence: row.sequence, index: row.pack_index },
    attempt: row.attempt,
    index: row.chunk_index,
    stream: row.stream,
    time: row.time,
    text: JSON.parse(row.text) as string,
  }));
};
