import { claimDatabase } from '@millrace/testkit';
import { sql } from 'kysely';
import { type PoolClient } from 'pg';
import { expect, test } from 'vitest';
import { openReadModel } from './connect.ts';

test('a connection that breaks between two statements of a transaction fails the next one, not the process', async () => {
  const { url } = await claimDatabase();
  const readModel = openReadModel({ url, poolMax: 1, applicationName: 'broken' });
  const other = openReadModel({ url, poolMax: 1, applicationName: 'breaker' });
  const ended = new Promise<void>((resolve) => {
    readModel.pool.once('connect', (client: PoolClient) => void client.once('end', () => resolve()));
  });
  const broken = readModel.db.transaction().execute(async (transaction) => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(transaction);
    await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(other.db);
    await ended;
    await sql`select 1`.execute(transaction);
  });
  await expect(broken).rejects.toThrow();
  expect((await readModel.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await Promise.all([readModel.close(), other.close()]);
});
