import { startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { recordRow } from './bed/record.ts';
import { untilAllCompleted } from './settled.ts';

const BODY = JSON.stringify({ input: { text: 'x'.repeat(3_000) } });
const REQUESTS_MAX = 1_000;
const CLIENTS = 16;

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform({
    workflows: { 'tests/slow.sh': '#!/bin/sh\nsleep 0.2\n' },
    env: { MILLRACE_LOG_MAX_BYTES: '4MiB', MILLRACE_MAX_CONCURRENT_RUNS: '8' },
  });
});
afterAll(() => platform.stop());

test('a log that requests have filled refuses more, says so, and still lets every accepted run finish', async () => {
  const accepted: string[] = [];
  let refused: { retryAfter: string | null; code: unknown } | undefined;
  let sent = 0;
  const client = async (): Promise<void> => {
    while (refused === undefined && sent < REQUESTS_MAX) {
      sent += 1;
      const { status, json, headers } = await platform.http.post('/run/tests/slow', { body: BODY });
      if (status === 202) accepted.push((json as { run_id: string }).run_id);
      else refused = { retryAfter: headers.get('retry-after'), code: (json as { code: unknown }).code };
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));

  expect(refused).toEqual({ retryAfter: '5', code: 'log.full' });
  expect(accepted.length).toBeGreaterThan(20);
  const health = (await platform.http.get('/health')).json as {
    status: string;
    dependencies: { log: { ok: boolean } };
  };
  expect(health).toMatchObject({ status: 'degraded', dependencies: { log: { ok: false } } });
  await untilAllCompleted(platform, accepted, 60_000);
  recordRow(platform, { row: 'F17', acknowledged: accepted.length, finished: accepted.length, lost: 0 });
});
