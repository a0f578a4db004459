import { sql } from 'kysely';
import { type Migration } from 'kysely/migration';

/** In which log the positions of a run are. Before there were several it was the first. */
export const addShard = (schema: string): Migration => ({
  up: async (db) => {
    await sql`alter table ${sql.id(schema, 'run')} add column shard smallint not null default 0`.execute(db);
  },
});
