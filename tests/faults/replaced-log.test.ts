import { execFile } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually, makeTempFolder, startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startRun } from '../e2e/runs.ts';
import { recordRow } from './bed/record.ts';
import { IS_WHOLE } from './bed/selection.ts';

const ROOT = join(import.meta.dirname, '../..');
const RUNS_BEFORE = 10;
/** More than the log held before, so that the new log grows past where the rows stand. */
const RUNS_AFTER = 30;

let platform: TestPlatform;

beforeEach(async () => {
  platform = await startTestPlatform({ workflows: { 'tests/quick.sh': '#!/bin/sh\ntrue\n' } });
});
afterEach(() => platform.stop());

const command = async (...args: string[]): Promise<{ code: number; text: string }> => {
  const bin = join(ROOT, 'libs/cli/bin/millrace.mjs');
  const env = { PATH: process.env['PATH'], HOME: platform.home, MILLRACE_DATA_DIR: platform.dataDir };
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [bin, ...args], { env, cwd: platform.home });
    return { code: 0, text: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, text: stdout + stderr };
  }
};

const store = (): string => join(platform.dataDir, 'nats/store');

/** Starts the platform anew, on other files of nats-server. */
const restart = async (change: () => void): Promise<void> => {
  const { home } = platform;
  await platform.stop();
  change();
  platform = await startTestPlatform({ home });
};

const runToEnd = async (count: number): Promise<readonly string[]> => {
  const ids: string[] = [];
  while (ids.length < count) {
    const { status, json } = await platform.http.post('/run/tests/quick?wait=20', { body: {} });
    expect(status).toBe(200);
    ids.push((json as { run_id: string }).run_id);
  }
  return ids;
};

const expectUnknown = async (ids: readonly string[]): Promise<void> => {
  for (const id of ids) {
    expect(await platform.http.get(`/status/${id}`)).toMatchObject({
      status: 503,
      json: { code: 'read_model.other_log' },
    });
  }
};

const expectCompleted = async (ids: readonly string[]): Promise<void> => {
  for (const id of ids) {
    await eventually(async () => {
      expect((await platform.http.get(`/status/${id}`)).json).toMatchObject({ status: 'completed' });
    });
  }
};

const expectRebuildHeals = async (ids: readonly string[]): Promise<void> => {
  expect(await command('doctor')).toMatchObject({
    code: 1,
    text: expect.stringContaining('millrace projector rebuild'),
  });
  expect(await command('projector', 'rebuild')).toMatchObject({ code: 0 });
  await expectCompleted(ids);
  expect(await command('doctor')).toMatchObject({ code: 0 });
};

test('a log that was replaced while Postgres was kept is noticed, and a rebuild heals it and keeps the old runs', async () => {
  const old = await runToEnd(RUNS_BEFORE);
  await expectCompleted(old);
  await restart(() => rmSync(store(), { recursive: true }));
  const first = await startRun(platform.http, 'tests/quick');
  await expectUnknown([first]);
  const ids = [first, ...(await runToEnd(RUNS_AFTER))];
  await expectUnknown([first, ids.at(-1) ?? '']);
  await expectRebuildHeals([...old, ...ids]);
  recordRow(platform, { row: 'F33', test: 'the log was replaced', acknowledged: old.length + ids.length });
});

if (IS_WHOLE) {
  test('a log that went back to an older copy and grew past it is noticed, and no run is lost from sight', async () => {
    const copy = makeTempFolder('older-log');
    const kept = await runToEnd(2);
    await restart(() => cpSync(store(), copy, { recursive: true }));
    const cut = await runToEnd(RUNS_BEFORE);
    await expectCompleted([...kept, ...cut]);
    await restart(() => {
      rmSync(store(), { recursive: true });
      cpSync(copy, store(), { recursive: true });
    });
    const ids = await runToEnd(RUNS_AFTER);
    await expectUnknown([ids[0] ?? '', ids.at(-1) ?? '']);
    await expectRebuildHeals([...kept, ...cut, ...ids]);
    const acknowledged = kept.length + cut.length + ids.length;
    recordRow(platform, { row: 'F33', test: 'the log went back to an older copy', acknowledged });
  });
}
