import { sql } from 'kysely';
import { type Migration } from 'kysely/migration';

/**
 * Group roles for operators who give each service a login of its own: `grant millrace_reader to gateway`. Roles belong to the whole
 * server, so another database may have made them already, and a login without CREATEROLE goes on without them.
 */
const createRole = (name: string) => sql`do $$
begin
  create role ${sql.raw(name)} nologin;
exception when duplicate_object or unique_violation or insufficient_privilege then null;
end $$`;

/** Grants to the roles that exist, in the words of `grants`; `%I` is the role. */
const grantTo = (role: string, grants: string) => sql`do $$
begin
  if exists (select from pg_roles where rolname = ${sql.lit(role)}) then
    ${sql.raw(grants)}
  end if;
end $$`;

export const createRoles = (schema: string): Migration => ({
  up: async (db) => {
    const name = `"${schema}"`;
    await createRole('millrace_reader').execute(db);
    await createRole('millrace_writer').execute(db);
    await grantTo(
      'millrace_reader',
      `grant usage on schema ${name} to millrace_reader; grant select on all tables in schema ${name} to millrace_reader;`,
    ).execute(db);
    await grantTo(
      'millrace_writer',
      `grant usage on schema ${name} to millrace_writer;
       grant select, insert, update, delete on all tables in schema ${name} to millrace_writer;`,
    ).execute(db);
  },
});
