import { uuidV7 } from '@millrace/contracts';
import { claimDatabase } from '@millrace/testkit';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { WAITING_ROW } from '../testing/run-row.ts';
import { openReadModel } from './connect.ts';
import { loadRuns } from './load-runs.ts';
import { migrate } from './migrate.ts';
import { type RunProgressRecord, type RunRecord } from './records.ts';
import { writeRuns } from './write-runs.ts';

const bornAt = (sequence: number): RunRecord => ({
  ...WAITING_ROW,
  id: uuidV7(Date.UTC(2026, 0, 2) + sequence, new Uint8Array(10)),
  requested_at: '2026-01-02T00:00:00.000Z',
  requested_sequence: sequence,
});
const runningOf = (id: string): RunProgressRecord => ({ ...WAITING_ROW, id, state: 'running' });

test('a batch reads the rows it changes and no others, also where the tables were empty when the statements were planned', async () => {
  const { url } = await claimDatabase();
  const readModel = openReadModel({ url, poolMax: 1, applicationName: 'test' });
  const observer = new Client({ connectionString: url });
  await observer.connect();
  try {
    await migrate(readModel);
    await observer.query('alter table millrace.run set (autovacuum_enabled = off)'); // its statistics would mend the plan a minute later
    const rows = Array.from({ length: 4_000 }, (_, index) => bornAt(index + 1));
    const write = (to: number, born: readonly RunRecord[], changed: readonly RunProgressRecord[]) =>
      writeRuns(readModel, { shard: 0, from: to - 1, to, storedAt: undefined, born, changed, events: [] });
    const [first, ...others] = rows;
    if (first === undefined) throw new Error('there are rows');
    expect(await write(1, [first], [])).toBe('written');
    expect(await write(2, [], [runningOf(first.id)])).toBe('written');
    for (let time = 0; time < 10; time += 1) expect(await loadRuns(readModel, [first.id])).toHaveLength(1);
    expect(await write(3, others, [])).toBe('written');
    const rowsRead = async (): Promise<number> => {
      await readModel.pool.query('select pg_stat_force_next_flush()');
      await readModel.pool.query('select 1');
      const { rows: found } = await observer.query<{ read: string }>(
        "select seq_tup_read as read from pg_stat_user_tables where schemaname = 'millrace' and relname = 'run'",
      );
      return Number(found[0]?.read);
    };
    const before = await rowsRead();
    for (let to = 4; to < 8; to += 1) {
      const changed = others.slice(to * 10, to * 10 + 10).map(({ id }) => runningOf(id));
      expect(await write(to, [], changed)).toBe('written');
      expect(
        await loadRuns(
          readModel,
          changed.map(({ id }) => id),
        ),
      ).toHaveLength(10);
    }
    expect((await rowsRead()) - before).toBe(0);
  } finally {
    await observer.end();
    await readModel.close();
  }
}, 60_000);
