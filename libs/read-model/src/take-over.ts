/**
 * Rows that a rebuild cannot make from the streams that are there, taken over from the live tables.
 *
 * What has aged out of a stream is taken over as it is. When the live tables belong to another stream, because the log was replaced,
 * restored or cut short, so is whatever the fold did not make. Positions in a stream that is gone mean nothing, and would be mixed up with
 * those of the present one: such rows stand at 0.1, 0.2 and so on, before every log and in their old order. A run that was open there
 * can never end: it has failed, with the error `log_lost`.
 */
import { type Kysely, sql } from 'kysely';
import { type Database, LIVE_SCHEMA, REBUILD_SCHEMA } from './database.ts';

/** What the new tables cover of a stream. */
export interface Reach {
  readonly first: number;
  readonly last: number;
  /** When the stream stored its message at `last`; `undefined` when that is not known. */
  readonly storedAt: number | undefined;
  /** Whether the live tables were folded from this stream too. */
  readonly isSame: boolean;
}

/** Code of the error of a run that was open in a log that is gone. */
export const LOG_LOST = 'log_lost';

const ERROR = { code: LOG_LOST, message: 'the log that held this run was replaced or cut short: nothing can end it' };
const OPEN_STATES = sql.raw(`('waiting', 'dispatched', 'running')`);
const FAILED = 'dev.millrace.run.failed.v1';

/** A shard, and whether it is the only one: then every row is its. */
export interface ShardOfRows {
  readonly shard: number;
  readonly isOnly: boolean;
}

const live = (table: string) => sql.id(LIVE_SCHEMA, table);
const fresh = (table: string) => sql.id(REBUILD_SCHEMA, table);
const LAST_EVENT = sql`(select max(index) from ${fresh('run_event')} event where event.run_id = run.id)`;
const IS_LOST = sql`run.id in (select id from lost_run)`;

/**
 * Runs whose request is no longer in the log: nothing can be said against their rows. A second request of the same run, which changed
 * nothing while the first was there, may have begun it anew in the fold: that is taken back.
 */
const takeOverAged = async (db: Kysely<Database>, first: number, { shard }: ShardOfRows): Promise<void> => {
  const isAged = sql`run.requested_sequence < ${first} and run.shard = ${sql.lit(shard)}`;
  const begunAnew = sql`delete from ${fresh('run')} folded using ${live('run')} run where folded.id = run.id and ${isAged}`;
  await sql`with begun_anew as (${begunAnew} returning folded.id)
    delete from ${fresh('run_event')} where run_id in (select id from begun_anew)`.execute(db);
  await sql`insert into ${fresh('run_event')} select event.* from ${live('run_event')} event
    join ${live('run')} run on run.id = event.run_id where ${isAged}`.execute(db);
  await sql`insert into ${fresh('run')} select run.* from ${live('run')} run where ${isAged}`.execute(db);
};

/** Ends the lost runs that were open, in their rows and as an event. */
const endLost = async (db: Kysely<Database>): Promise<void> => {
  await sql`insert into ${fresh('run_event')} (run_id, sequence, index, type, time, attempt, data)
    select id, 0, 1 + coalesce(${LAST_EVENT}, 0), ${FAILED}, now(), nullif(attempt, 0), ${JSON.stringify({ error: ERROR })}
    from ${fresh('run')} run where ${IS_LOST} and state in ${OPEN_STATES}`.execute(db);
  await sql`update ${fresh('run')} run set state = 'failed', ended_at = now(), error = ${JSON.stringify(ERROR)}
    where ${IS_LOST} and state in ${OPEN_STATES}`.execute(db);
};

/** Runs that only the log before this one had. */
const takeOverLost = async (db: Kysely<Database>, { shard }: ShardOfRows): Promise<void> => {
  await sql`create temporary table lost_run on commit drop as select id from ${live('run')} run
    where run.shard = ${sql.lit(shard)}
    and not exists (select from ${fresh('run')} folded where folded.id = run.id)`.execute(db);
  await sql`insert into ${fresh('run')} select run.* from ${live('run')} run where ${IS_LOST}`.execute(db);
  await sql`insert into ${fresh('run_event')} (run_id, sequence, index, type, time, attempt, data)
    select run_id, 0, row_number() over (partition by run_id order by sequence, index), type, time, attempt, data
    from ${live('run_event')} where run_id in (select id from lost_run)`.execute(db);
  await endLost(db);
  await sql`update ${fresh('run')} run
    set requested_sequence = 0, requested_index = 1, last_sequence = 0, last_index = coalesce(${LAST_EVENT}, 1)
    where ${IS_LOST}`.execute(db);
  await sql`drop table lost_run`.execute(db); // another shard makes its own
};

/** Whether a piece of output is of a run of the shard. */
const isOfShard = ({ shard, isOnly }: ShardOfRows) =>
  isOnly
    ? sql`true`
    : sql`exists (select from ${live('run')} run where run.id = chunk.run_id and run.shard = ${sql.lit(shard)})`;

const takeOverAgedOutput = async (db: Kysely<Database>, first: number, rows: ShardOfRows): Promise<void> => {
  await sql`insert into ${fresh('run_output')} select * from ${live('run_output')} chunk
    where sequence < ${first} and ${isOfShard(rows)} on conflict do nothing`.execute(db);
};

/** Output that only the stream before this one had. */
const takeOverLostOutput = async (db: Kysely<Database>, rows: ShardOfRows): Promise<void> => {
  await sql`insert into ${fresh('run_output')}
      (run_id, attempt, chunk_index, stream, time, text, sequence, pack_index)
    select run_id, attempt, chunk_index, stream, time, text,
      0, row_number() over (partition by run_id order by sequence, pack_index)
    from ${live('run_output')} chunk where ${isOfShard(rows)} and not exists (
      select from ${fresh('run_output')} folded
      where (folded.run_id, folded.attempt, folded.chunk_index) = (chunk.run_id, chunk.attempt, chunk.chunk_index)
    )`.execute(db);
};

/** Adds to the new tables what the streams do not (or no longer) hold. In the transaction that swaps them in. */
export const takeOver = async (
  db: Kysely<Database>,
  { runs, output }: { readonly runs: Reach; readonly output: Reach },
  rows: ShardOfRows,
): Promise<void> => {
  await (runs.isSame ? takeOverAged(db, runs.first, rows) : takeOverLost(db, rows));
  await (output.isSame ? takeOverAgedOutput(db, output.first, rows) : takeOverLostOutput(db, rows));
};
