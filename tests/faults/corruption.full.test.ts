/** F33, F34: what is on disk is not what was written: a block of the log, a page of Postgres, rows of the read model. */
import { openSync, readdirSync, readSync, statSync, truncateSync, writeSync, closeSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startTestPlatform } from '@millrace/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FaultBed, startFaultBed } from './bed/fault-bed.ts';
import { recordRow } from './bed/record.ts';
import { rebuild, settledHash, withDatabase } from './bed/read-model.ts';
import { countLog, readRequestedRuns } from './requested-runs.ts';

const LIMIT = 8;
const env = { MILLRACE_MAX_CONCURRENT_RUNS: String(LIMIT) };
const ROOT = join(import.meta.dirname, '../..');

let bed: FaultBed;
beforeEach(async () => {
  bed = await startFaultBed({ experiment: { limit: LIMIT }, env });
});
afterEach(() => bed.stop());

const doctor = async (): Promise<{ readonly code: number; readonly text: string }> => {
  const { home, dataDir } = bed.platform;
  const options = { env: { PATH: process.env['PATH'], HOME: home, MILLRACE_DATA_DIR: dataDir }, cwd: home };
  try {
    const bin = join(ROOT, 'libs/cli/bin/millrace.mjs');
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [bin, 'doctor'], options);
    return { code: 0, text: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, text: stdout + stderr };
  }
};

test('F34: rows that vanish from the read model come back with a rebuild, while it can be read', async () => {
  const ids = await bed.send({ runs: 300 });
  await bed.untilOver(ids);
  const { platform } = bed;
  const before = await settledHash(platform);
  await withDatabase(platform, async (client) => {
    await client.query('DELETE FROM millrace.run WHERE id IN (SELECT id FROM millrace.run ORDER BY random() LIMIT 40)');
    await client.query('DELETE FROM millrace.run_event WHERE random() < 0.1');
    await client.query(`UPDATE millrace.run SET state = 'failed' WHERE random() < 0.1`);
  });
  expect(await settledHash(platform)).not.toEqual(before);
  let isRebuilding = true;
  const answers = new Set<number>();
  const reading = async (): Promise<void> => {
    while (isRebuilding) answers.add((await platform.http.get('/runs?limit=20')).status);
  };
  const since = performance.now();
  const readers = reading();
  await rebuild(platform);
  isRebuilding = false;
  await readers;
  const recoverySeconds = (performance.now() - since) / 1_000;
  expect(await settledHash(platform)).toEqual(before);
  expect([...answers]).toEqual([200]);
  await bed.conclude({ row: 'F34', recoverySeconds });
});

/** The largest block of the log's stream: its newest, or only one. */
const largestBlock = (dataDir: string): string => {
  const store = join(dataDir, 'nats/store');
  const blocks = readdirSync(store, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.includes('/streams/LOG_0/msgs/') && path.endsWith('.blk'))
    .map((path) => join(store, path));
  const [largest] = blocks.sort((a, b) => statSync(b).size - statSync(a).size);
  if (largest === undefined) throw new Error(`no block of LOG_0 below ${store}`);
  return largest;
};

const flipByte = (file: string, at: number): void => {
  const byte = Buffer.alloc(1);
  const fd = openSync(file, 'r+');
  readSync(fd, byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ 0xff;
  writeSync(fd, byte, 0, 1, at);
  closeSync(fd);
};

/** How the files of the log are damaged while nothing runs. */
const DAMAGES: Readonly<Record<string, (block: string) => void>> = {
  'a byte in the middle': (block) => flipByte(block, Math.floor(statSync(block).size / 2)),
  'the last third cut off': (block) => truncateSync(block, Math.floor((2 * statSync(block).size) / 3)),
};

describe.each(Object.entries(DAMAGES))('F33: %s of a block of the log', (name, damage) => {
  test('is noticed: whatever is gone is named, and nothing of it is shown as if it were there', async () => {
    const ids = [...new Set(await bed.send({ runs: 200 }))];
    await bed.untilOver(ids);
    await settledHash(bed.platform);
    const before = await countLog(bed.platform.natsUrl);
    const { home, dataDir } = bed.platform;
    await bed.platform.stop();
    damage(largestBlock(dataDir));
    await bed.restart(() => startTestPlatform({ home, env }));
    const after = await countLog(bed.platform.natsUrl);
    const left = await readRequestedRuns(bed.platform.natsUrl);
    const missing = ids.filter((id) => !left.has(id)).length;
    const { code, text } = await doctor();
    const statuses = new Map<string, number>();
    for (const id of ids) {
      const { status, json } = await bed.platform.http.get(`/status/${id}`);
      const state = status === 200 ? (json as { state: string }).state : String(status);
      statuses.set(state, (statuses.get(state) ?? 0) + 1);
    }
    recordRow(bed.platform, {
      row: 'F33',
      test: name,
      seed: bed.seed,
      acknowledged: ids.length,
      missing,
      log: { before, after },
      unreadable: after.messages - after.read,
      doctor: code,
      statuses: Object.fromEntries(statuses),
    });
    // Not one run that was there reads as one that never was.
    expect(statuses.get('404') ?? 0).toBe(0);
    // What the server itself misses. A message that it holds and cannot read is passed by without a word: see the row.
    if (after.messages < after.lastSequence)
      expect({ code, text }).toMatchObject({ code: 1, text: expect.stringMatching(/log/i) });
    // And it goes on.
    expect(await bed.untilServing(performance.now())).toBeGreaterThan(0);
  });
});

test('F33: a page of Postgres that was damaged costs nothing that the log does not bring back', async () => {
  const ids = [...new Set(await bed.send({ runs: 200 }))];
  await bed.untilOver(ids);
  const { home, dataDir } = bed.platform;
  const path = await withDatabase(bed.platform, async (client) => {
    await client.query('CHECKPOINT');
    const { rows } = await client.query<{ path: string }>(`SELECT pg_relation_filepath('millrace.run') AS path`);
    return rows[0]?.path ?? '';
  });
  await bed.platform.stop();
  const page = join(dataDir, 'postgres/cluster', path);
  for (const at of [100, 1_000, 4_000]) flipByte(page, at);
  await bed.restart(() => startTestPlatform({ home, env }));
  const fresh = await bed.client.start('witness/script');
  const healedBy = await rebuild(bed.platform).then(
    () => 'rebuild',
    () => 'tables dropped',
  );
  if (healedBy !== 'rebuild') {
    // A rebuild takes over what has aged out of the log, and so reads the damaged table: then it has to go.
    await withDatabase(bed.platform, (client) => client.query('DROP SCHEMA millrace CASCADE'));
    await bed.platform.stop();
    await bed.restart(() => startTestPlatform({ home, env }));
  }
  await bed.untilOver([...ids, fresh]);
  await bed.conclude({ row: 'F33', test: 'a page of Postgres', healedBy });
});
