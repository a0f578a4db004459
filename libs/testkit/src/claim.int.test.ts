import { Client } from 'pg';
import { expect, test } from 'vitest';
import { connectLog, ensureTopology, logBounds } from '@millrace/eventlog';
import { claimDatabase, claimNats } from './claim.ts';

test('two claims are two accounts, each with streams of its own', async () => {
  const [one, two] = [claimNats(), claimNats()];
  expect(one.url).not.toBe(two.url);
  for (const { url } of [one, two]) {
    const connection = await connectLog({ url, name: 'claim test' });
    await ensureTopology(connection);
    expect(await logBounds(connection, 0)).toMatchObject({ last: 0 });
    await connection.close();
  }
});

test('two claims are two databases, migrated and without rows', async () => {
  const [one, two] = await Promise.all([claimDatabase(), claimDatabase()]);
  expect(one.url).not.toBe(two.url);
  for (const { url } of [one, two]) {
    const client = new Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query("select count(*)::int as count from pg_tables where tablename = 'run'");
    expect(rows).toEqual([{ count: 1 }]);
    await client.end();
  }
});
