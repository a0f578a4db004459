import { sql } from 'kysely';
import { type Migration } from 'kysely/migration';

/** Until when a run waits. Null for those that wait for nothing but their turn. */
export const addNotBefore = (schema: string): Migration => ({
  up: async (db) => {
    await sql`alter table ${sql.id(schema, 'run')} add column not_before timestamptz(3)`.execute(db);
  },
});
