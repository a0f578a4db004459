/**
 * The disk is full, as opposed to the log: the data folder lies on a small file system of its own, which is filled while runs go through
 * and emptied again. Nobody lends a hand afterwards.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectLog, probeLog } from '@millrace/eventlog';
import { eventually, makeTempFolder, startTestPlatform, type TestPlatform } from '@millrace/testkit';
import pg from 'pg';
import { afterAll, expect, test } from 'vitest';
import { recordRow } from './bed/record.ts';

const DISK = '400m';
const FILLER_BYTES = 8 * 1_048_576;
const CLIENTS = 4;
const RUNS_AT_ONCE = 4;

/** Why no file system can be mounted here; `undefined` when it can. */
const mountTmpfs = (folder: string): string | undefined => {
  mkdirSync(folder, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', folder], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return String(error);
  }
};

const home = join(makeTempFolder('full-disk'), 'disk');
const problem = mountTmpfs(home);
if (problem !== undefined) process.stderr.write(`SKIPPED full-log-disk.test.ts: cannot mount a tmpfs: ${problem}\n`);

let platform: TestPlatform | undefined;
afterAll(async () => {
  await platform?.stop();
  if (problem === undefined) execFileSync('umount', ['-l', home]);
});

const filler = join(home, 'filler');
const fillDisk = (): void => {
  const piece = Buffer.alloc(FILLER_BYTES);
  for (let size = FILLER_BYTES; size >= 4_096; size /= 2) {
    try {
      for (;;) writeFileSync(filler, piece.subarray(0, size), { flag: 'a' });
    } catch {
      // no room for a piece of this size
    }
  }
};

/** Gateways hear of the full disk within a second and write no more: this makes sure that a write has failed. */
const writeUntilUnanswered = async (url: string): Promise<void> => {
  const connection = await connectLog({ url, name: 'filler' });
  try {
    const probes = async (): Promise<never> => {
      for (;;) await probeLog(connection, { shard: 0, timeoutMs: 1_000 });
    };
    await expect(probes()).rejects.toMatchObject({ code: 'log.unknown_outcome' });
  } finally {
    await connection.close();
  }
};

/** Every run has ended as it should, also one that could not begin while the disk was full. */
const untilAllOver = async ({ databaseUrl }: TestPlatform, runIds: readonly string[]): Promise<void> => {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await eventually(
      async () => {
        const query = 'SELECT id, state FROM millrace.run WHERE id = ANY($1)';
        const { rows } = await client.query<{ id: string; state: string }>(query, [runIds]);
        const idsIn = (...states: string[]) => rows.filter(({ state }) => states.includes(state)).map(({ id }) => id);
        expect(idsIn('failed')).toEqual([]);
        expect(idsIn('completed').toSorted()).toEqual(runIds.toSorted());
      },
      { timeoutMs: 120_000 },
    );
  } finally {
    await client.end();
  }
};

interface Answer {
  readonly status: number;
  readonly code: unknown;
  readonly retryAfter: string | null;
}

test.skipIf(problem !== undefined)(
  'a full disk refuses requests, says so, and everything goes on by itself once there is room',
  async () => {
    platform = await startTestPlatform({
      home,
      workflows: { 'tests/quick.sh': '#!/bin/sh\nsleep 0.1\n' },
      env: { MILLRACE_LOG_MAX_BYTES: '64MiB', MILLRACE_MAX_CONCURRENT_RUNS: String(RUNS_AT_ONCE) },
    });
    const { http } = platform;
    let recoverySeconds = 0;
    const accepted: string[] = [];
    const refused: Answer[] = [];
    let isOver = false;
    const client = async (): Promise<void> => {
      while (!isOver) {
        const { status, json, headers } = await http.post('/run/tests/quick', { body: '{"input":{}}' });
        const body = json as { readonly run_id: string; readonly code: unknown };
        if (status === 202) accepted.push(body.run_id);
        else refused.push({ status, code: body.code, retryAfter: headers.get('retry-after') });
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    const clients = Array.from({ length: CLIENTS }, client);
    const health = async (): Promise<unknown> => (await http.get('/health')).json;
    try {
      await eventually(() => expect(accepted.length).toBeGreaterThan(20), { timeoutMs: 20_000 });
      const natsBefore = platform.pid('nats');
      fillDisk();
      expect(statfsSync(home).bavail).toBeLessThan(256);
      await writeUntilUnanswered(platform.natsUrl);
      await eventually(() => expect(refused.length).toBeGreaterThan(4), { timeoutMs: 20_000 });
      await eventually(
        async () =>
          expect(await health()).toMatchObject({ status: 'unavailable', dependencies: { log: { ok: false } } }),
        { timeoutMs: 10_000 },
      );
      await eventually(
        () => expect(refused.at(-1)).toEqual({ status: 503, code: 'log.not_writable', retryAfter: '5' }),
        {
          timeoutMs: 10_000,
        },
      );

      rmSync(filler);
      const [atRelease, since] = [accepted.length, performance.now()];
      await platform.untilRestarted('nats', natsBefore);
      await eventually(() => expect(accepted.length).toBeGreaterThan(atRelease + 20), { timeoutMs: 60_000 });
      recoverySeconds = (performance.now() - since) / 1_000;
      await eventually(async () => expect(await health()).toMatchObject({ status: 'ok' }), { timeoutMs: 30_000 });
    } finally {
      isOver = true;
      await Promise.all(clients);
    }
    expect(refused.filter(({ status }) => status !== 503)).toEqual([]);
    const news = platform.events().flatMap((event) => (event.type === 'warning' ? [event.message] : []));
    expect(news).toContainEqual(expect.stringContaining('starting it anew'));
    await untilAllOver(platform, accepted);
    recordRow(platform, {
      row: 'F15',
      acknowledged: accepted.length,
      finished: accepted.length,
      lost: 0,
      recoverySeconds,
    });
  },
);
