import { type Kysely, sql } from 'kysely';
import { type Migration } from 'kysely/migration';

/** How a run was asked for, and the requests that started none. Null in runs of older versions. */
const addTriggerColumns = async (db: Kysely<unknown>, schema: string): Promise<void> => {
  await sql`alter table ${sql.id(schema, 'run')}
    add column trigger_id text, add column trigger_method text, add column trigger_path text,
    add column verified text, add column delivery text, add column caller text`.execute(db);
};

const createInbox = async (db: Kysely<unknown>, schema: string): Promise<void> => {
  await sql`create table ${sql.id(schema, 'inbox_request')} (
    id uuid primary key,
    time timestamptz(3) not null,
    workflow text not null, trigger_id text not null, outcome text not null,
    record text not null,
    sequence bigint not null
  )`.execute(db);
  await sql`create index inbox_request_workflow on ${sql.id(schema, 'inbox_request')} (workflow, id)`.execute(db);
  await sql`create index inbox_request_sequence on ${sql.id(schema, 'inbox_request')} (sequence)`.execute(db);
};

const grant = (schema: string, role: string, rights: string) =>
  sql.raw(`do $$ begin
    if exists (select from pg_roles where rolname = '${role}') then
      grant ${rights} on "${schema}".inbox_request to ${role};
    end if;
  end $$`);

export const addInbox = (schema: string): Migration => ({
  up: async (db) => {
    await addTriggerColumns(db, schema);
    await createInbox(db, schema);
    await grant(schema, 'millrace_reader', 'select').execute(db);
    await grant(schema, 'millrace_writer', 'select, insert, update, delete').execute(db);
  },
});
