import { createHash, type Hash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { type ReadModel } from './connect.ts';
import { type Database, LIVE_SCHEMA } from './database.ts';
import { translateError } from './errors.ts';

const ORDERED = [
  ['run', 'id'],
  ['run_event', 'run_id, sequence, index'],
] as const;
const ROWS_AT_ONCE = 2_000;

const hashTable = async (db: Kysely<Database>, hash: Hash, [table, order]: (typeof ORDERED)[number]): Promise<void> => {
  const rows = sql`select row_::text as text from ${sql.id(LIVE_SCHEMA, table)} row_ order by ${sql.raw(order)}`;
  await sql`declare rows_ no scroll cursor for ${rows}`.execute(db);
  for (;;) {
    const page = await sql<{ text: string }>`fetch forward ${sql.lit(ROWS_AT_ONCE)} from rows_`.execute(db);
    for (const { text } of page.rows) hash.update(text).update('\n');
    if (page.rows.length < ROWS_AT_ONCE) break;
  }
  await sql`close rows_`.execute(db);
};

/**
 * SHA-256 over every row of `run` and `run_event`, in order, hex: equal exactly when the tables are. Reads them whole.
 *
 * @throws AppError `unavailable` when Postgres is away.
 */
export const hashReadModel = async (readModel: ReadModel): Promise<string> => {
  const hash = createHash('sha256');
  await translateError(async () =>
    readModel.db
      .transaction()
      .setIsolationLevel('repeatable read')
      .execute(async (db) => {
        for (const table of ORDERED) await hashTable(db, hash.update(`${table[0]}\n`), table);
      }),
  );
  return hash.digest('hex');
};
