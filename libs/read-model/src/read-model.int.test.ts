import { uuidV7 } from '@millrace/contracts';
import { claimDatabase } from '@millrace/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WAITING_ROW } from '../testing/run-row.ts';
import { openReadModel, type ReadModel } from './connect.ts';
import { findRun } from './find-run.ts';
import { listOutput } from './list-output.ts';
import { listRunEvents } from './list-run-events.ts';
import { listRuns } from './list-runs.ts';
import { migrate } from './migrate.ts';
import { projectedPosition } from './projected-position.ts';
import { type RunRecord } from './records.ts';
import { type RunState } from './run.ts';
import { writeOutput } from './write-output.ts';
import { writeRuns } from './write-runs.ts';

const BEGIN = Date.UTC(2026, 0, 2);
const idAt = (time: number, salt: number): string => uuidV7(time, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, salt));
const timeOf = (minute: number): string => new Date(BEGIN + minute * 60_000).toISOString();
const rowAt = (minute: number, workflow: string, state: RunState): RunRecord => ({
  ...WAITING_ROW,
  id: idAt(BEGIN + minute * 60_000, minute % 256),
  workflow,
  state,
  requested_at: timeOf(minute),
  requested_sequence: minute + 1,
});

let url: string;
let readModel: ReadModel;
beforeAll(async () => {
  url = (await claimDatabase()).url;
  readModel = openReadModel({ url, poolMax: 4, applicationName: 'test' });
});
afterAll(async () => readModel.close());

describe('lists of runs', () => {
  const STATES = ['completed', 'failed', 'waiting'] as const;
  const rows = Array.from({ length: 120 }, (_, minute) =>
    rowAt(minute, minute % 2 === 0 ? 'a/even' : 'a/odd', STATES[minute % 3] ?? 'waiting'),
  );
  beforeAll(async () => {
    await writeRuns(readModel, { shard: 9, from: 0, to: 1, storedAt: undefined, born: rows, changed: [], events: [] });
  });

  test('come in pages, newest first, without gap or repeat while runs arrive', async () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listRuns(readModel, { limit: 17, ...(cursor === undefined ? {} : { cursor }) });
      seen.push(...page.runs.map(({ id }) => id));
      cursor = page.next;
      if (seen.length === 17) {
        const late = rowAt(500, 'a/late', 'waiting');
        await writeRuns(readModel, {
          shard: 9,
          from: 1,
          to: 2,
          storedAt: undefined,
          born: [late],
          changed: [],
          events: [],
        });
      }
    } while (cursor !== undefined);
    expect(seen).toEqual(rows.map(({ id }) => id).reverse());
  });

  test('filter by workflow, state and time', async () => {
    const minutesOf = async (query: Omit<Parameters<typeof listRuns>[1], 'limit'>): Promise<readonly number[]> =>
      (await listRuns(readModel, { ...query, limit: 1_000 })).runs.map(
        ({ requestedAt }) => (Date.parse(requestedAt) - BEGIN) / 60_000,
      );
    expect(await minutesOf({ since: timeOf(10), until: timeOf(14) })).toEqual([13, 12, 11, 10]);
    expect(await minutesOf({ since: timeOf(10), until: timeOf(20), workflow: 'a/odd', status: 'failed' })).toEqual([
      19, 13,
    ]);
    expect(await minutesOf({ until: timeOf(6), status: ['failed', 'waiting'], workflows: ['a/even'] })).toEqual([4, 2]);
    expect(await minutesOf({ workflows: [] })).toEqual([]);
    expect(await minutesOf({ workflow: "a' or 1=1 --" })).toEqual([]);
  });

  test.each(['nonsense', '', 'AAAA'])('refuse the cursor %j', async (cursor) => {
    await expect(listRuns(readModel, { limit: 1, cursor })).rejects.toMatchObject({ code: 'runs.invalid_cursor' });
  });
});

describe('writing a batch', () => {
  const batch = { shard: 1, born: [], changed: [], events: [] };

  test('moves the position from where it stands and from nowhere else', async () => {
    expect(await writeRuns(readModel, { ...batch, from: 0, to: 5, storedAt: undefined })).toBe('written');
    expect(await writeRuns(readModel, { ...batch, from: 0, to: 7, storedAt: undefined })).toBe('moved');
    expect(await writeRuns(readModel, { ...batch, from: 4, to: 7, storedAt: undefined })).toBe('moved');
    expect(await writeRuns(readModel, { ...batch, from: 5, to: 7, storedAt: undefined })).toBe('written');
    expect(await writeRuns(readModel, { ...batch, shard: 2, from: 5, to: 7, storedAt: undefined })).toBe('moved');
    expect(await projectedPosition(readModel, 1)).toBe(7);
    expect(await projectedPosition(readModel, 2)).toBe(0);
  });

  test('writes nothing when a run is there already', async () => {
    const row = rowAt(900, 'a/b', 'waiting');
    expect(await writeRuns(readModel, { ...batch, shard: 3, from: 0, to: 1, storedAt: undefined, born: [row] })).toBe(
      'written',
    );
    const other = rowAt(901, 'a/b', 'waiting');
    expect(
      await writeRuns(readModel, { ...batch, shard: 3, from: 1, to: 2, storedAt: undefined, born: [other, row] }),
    ).toBe('exists');
    expect(await projectedPosition(readModel, 3)).toBe(1);
    expect(await findRun(readModel, other.id)).toBeUndefined();
  });

  test('keeps the first of two copies of an output chunk, in the order of the stream', async () => {
    const run_id = idAt(BEGIN, 77);
    const chunk = (index: number, text: string, sequence: number) => ({
      ...{ run_id, attempt: 1, chunk_index: index, stream: 'stdout', time: timeOf(0) },
      ...{ text: JSON.stringify(text), sequence, pack_index: index },
    });
    const chunks = [chunk(0, 'a\0b\ud800', 1), chunk(1, 'c', 1)];
    await writeOutput(readModel, { shard: 0, from: 0, to: 1, storedAt: undefined, chunks });
    await writeOutput(readModel, {
      shard: 0,
      from: 1,
      to: 2,
      storedAt: undefined,
      chunks: [chunk(1, 'again', 2), chunk(2, 'd', 2)],
    });
    expect((await listOutput(readModel, run_id)).map(({ text }) => text)).toEqual(['a\0b\ud800', 'c', 'd']);
    const after = await listOutput(readModel, run_id, { after: { sequence: 1, index: 0 } });
    expect(after.map(({ text }) => text)).toEqual(['c', 'd']);
  });
});

describe('errors and migrations', () => {
  test('a database that nobody migrated is unavailable, and processes may migrate it at the same time', async () => {
    const empty = (await claimDatabase({ content: 'empty' })).url;
    const models = Array.from({ length: 4 }, (_, index) =>
      openReadModel({ url: empty, poolMax: 2, applicationName: `migrator ${index}` }),
    );
    const [first] = models;
    if (first === undefined) throw new Error('four models');
    await expect(projectedPosition(first, 0)).rejects.toMatchObject({ code: 'read_model.not_migrated' });
    await Promise.all(models.map(migrate));
    expect(await projectedPosition(first, 0)).toBe(0);
    await Promise.all(models.map(async (model) => model.close()));
  });

  test('a Postgres that is not there is unavailable', async () => {
    const nowhere = openReadModel({ url: 'postgres://x@127.0.0.1:1/x', poolMax: 1, applicationName: 'nowhere' });
    await expect(findRun(nowhere, idAt(BEGIN, 1))).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'read_model.unavailable',
    });
    expect(await findRun(nowhere, 'no run id')).toBeUndefined();
    expect(await listRunEvents(nowhere, '../..')).toEqual([]);
    await nowhere.close();
  });

  test('a reader cannot write, and every connection has its limits', async () => {
    const reader = openReadModel({ url, poolMax: 1, applicationName: 'reader', access: 'read' });
    await expect(
      writeRuns(reader, { shard: 5, from: 0, to: 1, storedAt: undefined, born: [], changed: [], events: [] }),
    ).rejects.toMatchObject({ kind: 'unavailable' });
    const settings = await sql<{ name: string; setting: string }>`select name, setting from pg_settings
      where name in ('statement_timeout', 'lock_timeout', 'application_name') order by name`.execute(reader.db);
    expect(settings.rows.map(({ setting }) => setting)).toEqual(['reader', '3000', '5000']);
    await reader.close();
  });

  test('roles of their own may read, or read and write, what the migration made', async () => {
    const { rows } = await sql<{ reads: boolean; writes: boolean }>`select
      has_table_privilege('millrace_reader', 'millrace.run', 'select') and
        not has_table_privilege('millrace_reader', 'millrace.run', 'insert') as reads,
      has_table_privilege('millrace_writer', 'millrace.run_event', 'insert') as writes`.execute(readModel.db);
    expect(rows).toEqual([{ reads: true, writes: true }]);
  });
});
