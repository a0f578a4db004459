import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually, startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRun, untilEnded } from '../e2e/runs.ts';

const ROOT = join(import.meta.dirname, '../..');
const RUNS_BEFORE = 10;
/** More than the log held before, so that the new log grows past where the rows stand. */
const RUNS_AFTER = 30;

let platform: TestPlatform;

beforeAll(async () => {
  platform = await startTestPlatform({ workflows: { 'tests/quick.sh': '#!/bin/sh\ntrue\n' } });
});
afterAll(() => platform.stop());

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

test('a log that was replaced while Postgres was kept is noticed, and a rebuild heals it', async () => {
  for (let index = 0; index < RUNS_BEFORE; index += 1) {
    await untilEnded(platform.http, await startRun(platform.http, 'tests/quick'));
  }
  await platform.stop();
  rmSync(join(platform.dataDir, 'nats/store'), { recursive: true });
  platform = await startTestPlatform({ home: platform.home });

  const first = await startRun(platform.http, 'tests/quick');
  expect((await platform.http.get(`/status/${first}`)).status).toBe(503);
  const ids = [first];
  while (ids.length < RUNS_AFTER) {
    const { status, json } = await platform.http.post('/run/tests/quick?wait=20', { body: {} });
    expect(status).toBe(200);
    ids.push((json as { run_id: string }).run_id);
  }
  for (const id of [first, ids.at(-1) ?? '']) expect((await platform.http.get(`/status/${id}`)).status).toBe(503);
  expect(await command('doctor')).toMatchObject({
    code: 1,
    text: expect.stringContaining('millrace projector rebuild'),
  });

  expect(await command('projector', 'rebuild')).toMatchObject({ code: 0 });
  for (const id of ids) {
    await eventually(async () => {
      expect((await platform.http.get(`/status/${id}`)).json).toMatchObject({ status: 'completed' });
    });
  }
  expect(await command('doctor')).toMatchObject({ code: 0 });
});
