import { sql } from 'kysely';
import { type BulkStatement, bulkWork, executeBulk, unnestOf } from './bulk-statement.ts';
import { type ReadModel } from './connect.ts';
import { LIVE_SCHEMA } from './database.ts';
import { translateError } from './errors.ts';
import { inProjectionTransaction, type MoveOutcome } from './projection-transaction.ts';
import { type InboxRequestRecord } from './records.ts';

/** What one stretch of the stream `REQUESTS` adds. */
export interface InboxBatch {
  readonly shard: number;
  readonly from: number;
  readonly to: number;
  /** When the stream stored the pack at `to`, milliseconds since the epoch. */
  readonly storedAt: number | undefined;
  readonly requests: readonly InboxRequestRecord[];
}

const COLUMNS: BulkStatement<InboxRequestRecord>['columns'] = [
  ['id', 'uuid'],
  ['time', 'timestamptz'],
  ['workflow', 'text'],
  ['trigger_id', 'text'],
  ['outcome', 'text'],
  ['record', 'text'],
  ['sequence', 'bigint'],
];

/** A request that was stored twice keeps its first place. */
const insertRequests = (schema: string): BulkStatement<InboxRequestRecord> => ({
  name: `${schema}:inbox_request:insert`,
  text: `insert into "${schema}".inbox_request (${COLUMNS.map(([name]) => name).join(', ')})
    select * from ${unnestOf(COLUMNS)} on conflict do nothing`,
  columns: COLUMNS,
});

/**
 * Writes requests and moves the position `requests` in one transaction.
 *
 * @throws AppError `unavailable` when Postgres is away; safe to repeat.
 */
export const writeInbox = async (
  readModel: ReadModel,
  { shard, from, to, storedAt, requests }: InboxBatch,
  schema: string = LIVE_SCHEMA,
): Promise<MoveOutcome> => {
  const move = { projection: 'requests', shard, from, to, storedAt } as const;
  const outcome = await inProjectionTransaction(readModel, schema, move, async (client) => {
    await executeBulk(client, [bulkWork(insertRequests(schema), requests)]);
    return true;
  });
  return outcome === 'moved' ? 'moved' : 'written';
};

/**
 * Removes what the stream no longer holds: the table is as bounded as the stream, and a rebuild from the stream gives the same rows.
 *
 * @param first First sequence that the stream holds.
 * @throws AppError `unavailable` when Postgres is away.
 */
export const pruneInbox = async (readModel: ReadModel, first: number): Promise<void> => {
  await translateError(async () =>
    sql`delete from ${sql.id(LIVE_SCHEMA, 'inbox_request')} where sequence < ${first}`.execute(readModel.db),
  );
};
