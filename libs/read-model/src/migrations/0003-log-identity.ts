import { sql } from 'kysely';
import { type Migration } from 'kysely/migration';

/** A position says by when its message was stored which stream it is of. Null in what older versions wrote, until the next batch. */
export const addLogIdentity = (schema: string): Migration => ({
  up: async (db) => {
    await sql`alter table ${sql.id(schema, 'projection_position')} add column stored_at bigint`.execute(db);
  },
});
