import { type Kysely, sql } from 'kysely';
import { type Migration } from 'kysely/migration';

/**
 * Types are as narrow as the values: ten million runs live here. The primary keys grow at their right end, because run ids begin with
 * the time. Room is left in the pages of `run` for the updates that change no indexed column (progress).
 */
const createTables = async (db: Kysely<unknown>, schema: string): Promise<void> => {
  const table = (name: string) => sql.id(schema, name);
  await sql`create table ${table('run')} (
    id uuid primary key,
    workspace text not null, workflow text not null, version text not null, kind text not null,
    state text not null, attempt integer not null,
    dialect text not null, requested_by text not null,
    requested_at timestamptz(3) not null, dispatched_at timestamptz(3), started_at timestamptz(3), ended_at timestamptz(3),
    cancel_requested_at timestamptz(3),
    progress double precision, progress_message text,
    executor text, exit_code integer, signal text, trace_id text, rerun_of text,
    input text not null, env_names text not null, output text, error text,
    requested_sequence bigint not null, requested_index integer not null,
    last_sequence bigint not null, last_index integer not null
  ) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05)`.execute(db);
  await sql`create table ${table('run_event')} (
    run_id uuid not null, sequence bigint not null, index integer not null,
    type text not null, time timestamptz(3) not null, attempt integer, data text not null,
    primary key (run_id, sequence, index)
  )`.execute(db);
  await sql`create table ${table('run_output')} (
    run_id uuid not null, attempt integer not null, chunk_index integer not null,
    stream text not null, time timestamptz(3) not null, text text not null,
    sequence bigint not null, pack_index integer not null,
    primary key (run_id, attempt, chunk_index)
  )`.execute(db);
  await sql`create table ${table('projection_position')} (
    projection text not null, shard integer not null, sequence bigint not null,
    primary key (projection, shard)
  )`.execute(db);
};

/**
 * Lists are by id, by workflow, or by a state. Most runs are completed, and a list of those is found by walking the primary key:
 * they are left out of the index by state, so that the common run costs no entry there once it is over.
 */
const createIndexes = async (db: Kysely<unknown>, schema: string): Promise<void> => {
  await sql`create index run_workflow on ${sql.id(schema, 'run')} (workflow, id)`.execute(db);
  await sql`create index run_state on ${sql.id(schema, 'run')} (state, id) where state <> 'completed'`.execute(db);
};

export const createRuns = (schema: string): Migration => ({
  up: async (db) => {
    await createTables(db, schema);
    await createIndexes(db, schema);
  },
});
