import { type BulkColumns, type BulkStatement, bulkWork, executeBulk, unnestOf } from './bulk-statement.ts';
import { type ReadModel } from './connect.ts';
import { LIVE_SCHEMA } from './database.ts';
import { inProjectionTransaction, type MoveOutcome } from './projection-transaction.ts';
import {
  FIXED_COLUMNS,
  MUTABLE_COLUMNS,
  type RunEventRecord,
  type RunProgressRecord,
  type RunRecord,
} from './records.ts';

/** What one stretch of the log makes of the tables. */
export interface RunsBatch {
  readonly shard: number;
  /** Position that the batch was folded from. */
  readonly from: number;
  readonly to: number;
  /** When the log stored the commit at `to`, milliseconds since the epoch. */
  readonly storedAt: number | undefined;
  /** Runs requested in this stretch. */
  readonly born: readonly RunRecord[];
  /** Earlier runs that changed in it. */
  readonly changed: readonly RunProgressRecord[];
  readonly events: readonly RunEventRecord[];
}

const RUN_COLUMNS: BulkColumns<RunRecord> = [...FIXED_COLUMNS, ...MUTABLE_COLUMNS];
const CHANGE_COLUMNS: BulkColumns<RunProgressRecord> = [['id', 'uuid'], ...MUTABLE_COLUMNS];
const EVENT_COLUMNS: BulkColumns<RunEventRecord> = [
  ['run_id', 'uuid'],
  ['sequence', 'bigint'],
  ['index', 'integer'],
  ['type', 'text'],
  ['time', 'timestamptz'],
  ['attempt', 'integer'],
  ['data', 'text'],
];

const namesOf = (columns: readonly (readonly [string, string])[]): string =>
  columns.map(([name]) => `"${name}"`).join(', ');

const insertRuns = (schema: string): BulkStatement<RunRecord> => ({
  name: `${schema}:run:insert`,
  text: `insert into "${schema}".run (${namesOf(RUN_COLUMNS)}) select * from ${unnestOf(RUN_COLUMNS)} on conflict (id) do nothing`,
  columns: RUN_COLUMNS,
});

const updateRuns = (schema: string): BulkStatement<RunProgressRecord> => ({
  name: `${schema}:run:update`,
  text: `update "${schema}".run set ${MUTABLE_COLUMNS.map(([name]) => `${name} = new.${name}`).join(', ')}
    from ${unnestOf(CHANGE_COLUMNS)} where run.id = new.id`,
  columns: CHANGE_COLUMNS,
});

const insertEvents = (schema: string): BulkStatement<RunEventRecord> => ({
  name: `${schema}:run_event:insert`,
  text: `insert into "${schema}".run_event (${namesOf(EVENT_COLUMNS)}) select * from ${unnestOf(EVENT_COLUMNS)}`,
  columns: EVENT_COLUMNS,
});

/**
 * Writes a batch and moves the position `runs` in one transaction. `exists`: a run said to be born here is in the table already, and
 * nothing was written; load it and fold again.
 *
 * @throws AppError `unavailable` when Postgres is away; safe to repeat.
 */
export const writeRuns = async (
  readModel: ReadModel,
  { shard, from, to, storedAt, born, changed, events }: RunsBatch,
  schema: string = LIVE_SCHEMA,
): Promise<MoveOutcome | 'exists'> => {
  const move = { projection: 'runs', shard, from, to, storedAt } as const;
  const outcome = await inProjectionTransaction(readModel, schema, move, async (client) => {
    const [inserted] = await executeBulk(client, [
      bulkWork(insertRuns(schema), born),
      bulkWork(updateRuns(schema), changed),
      bulkWork(insertEvents(schema), events),
    ]);
    return inserted === born.length;
  });
  return outcome === 'refused' ? 'exists' : outcome;
};
