import { type BulkStatement, bulkWork, executeBulk, unnestOf } from './bulk-statement.ts';
import { type ReadModel } from './connect.ts';
import { LIVE_SCHEMA } from './database.ts';
import { inProjectionTransaction, type MoveOutcome } from './projection-transaction.ts';
import { type RunOutputRecord } from './records.ts';

/** What one stretch of the stream `LOGS` adds. */
export interface OutputBatch {
  readonly shard: number;
  readonly from: number;
  readonly to: number;
  /** When the stream stored the pack at `to`, milliseconds since the epoch. */
  readonly storedAt: number | undefined;
  readonly chunks: readonly RunOutputRecord[];
}

const COLUMNS: BulkStatement<RunOutputRecord>['columns'] = [
  ['run_id', 'uuid'],
  ['attempt', 'integer'],
  ['chunk_index', 'integer'],
  ['stream', 'text'],
  ['time', 'timestamptz'],
  ['text', 'text'],
  ['sequence', 'bigint'],
  ['pack_index', 'integer'],
];

/** A chunk that was stored twice keeps its first place. */
const insertChunks = (schema: string): BulkStatement<RunOutputRecord> => ({
  name: `${schema}:run_output:insert`,
  text: `insert into "${schema}".run_output (${COLUMNS.map(([name]) => name).join(', ')})
    select * from ${unnestOf(COLUMNS)} on conflict do nothing`,
  columns: COLUMNS,
});

/**
 * Writes chunks and moves the position `output` in one transaction.
 *
 * @throws AppError `unavailable` when Postgres is away; safe to repeat.
 */
export const writeOutput = async (
  readModel: ReadModel,
  { shard, from, to, storedAt, chunks }: OutputBatch,
  schema: string = LIVE_SCHEMA,
): Promise<MoveOutcome> => {
  const move = { projection: 'output', shard, from, to, storedAt } as const;
  const outcome = await inProjectionTransaction(readModel, schema, move, async (client) => {
    await executeBulk(client, [bulkWork(insertChunks(schema), chunks)]);
    return true;
  });
  return outcome === 'moved' ? 'moved' : 'written';
};
