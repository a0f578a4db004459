/** Not for the checker: that two foldings of the log give the same rows can only be seen in the rows. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually, type TestPlatform } from '@millrace/testkit';
import pg from 'pg';

const REBUILD = join(import.meta.dirname, '../../../services/projector/src/rebuild/main.ts');

/** `millrace projector rebuild`, while everything goes on. */
export const rebuild = async ({ natsUrl, databaseUrl }: TestPlatform): Promise<void> => {
  await promisify(execFile)(process.execPath, ['--conditions=@millrace/source', REBUILD], {
    env: { PATH: process.env['PATH'], NATS_URL: natsUrl, DATABASE_URL: databaseUrl },
  });
};

export const withDatabase = async <Result>(
  { databaseUrl }: TestPlatform,
  use: (client: pg.Client) => Promise<Result>,
): Promise<Result> => {
  const client = new pg.Client({ connectionString: databaseUrl });
  client.on('error', () => undefined); // Postgres may be killed under us; the next try connects anew
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
};

const TABLES = [
  ['run', 't.id'],
  ['run_event', 't.run_id, t.sequence, t.index'],
  ['run_output', 't.run_id, t.attempt, t.chunk_index'],
] as const;

/** SHA-256 over every row of each table in a fixed order. */
const hashTables = (platform: TestPlatform): Promise<Readonly<Record<string, string>>> =>
  withDatabase(platform, async (client) => {
    const hashes: Record<string, string> = {};
    for (const [table, order] of TABLES) {
      const { rows } = await client.query<{ hash: string | null }>(
        `SELECT encode(sha256(convert_to(string_agg(t::text, E'\\n' ORDER BY ${order}), 'UTF8')), 'hex') AS hash FROM millrace.${table} AS t`,
      );
      hashes[table] = rows[0]?.hash ?? 'empty';
    }
    return hashes;
  });

/** The read model once two looks in a row agree: nothing is being folded any more. */
export const settledHash = (platform: TestPlatform): Promise<Readonly<Record<string, string>>> => {
  let before = '';
  return eventually(
    async () => {
      const now = await hashTables(platform);
      const isSettled = JSON.stringify(now) === before;
      before = JSON.stringify(now);
      if (!isSettled) throw new Error('the read model still moves');
      return now;
    },
    { timeoutMs: 60_000, intervalMs: 500 },
  );
};

/** The hashes before and after a rebuild: equal, whatever the projector went through. */
export const hashesAroundRebuild = async (
  platform: TestPlatform,
): Promise<readonly [Readonly<Record<string, string>>, Readonly<Record<string, string>>]> => {
  const folded = await settledHash(platform);
  await rebuild(platform);
  return [folded, await settledHash(platform)];
};
