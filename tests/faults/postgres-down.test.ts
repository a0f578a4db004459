import { setTimeout as delay } from 'node:timers/promises';
import { eventually, startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRun, untilEnded } from '../e2e/runs.ts';
import { recordRow } from './bed/record.ts';
import { sized } from './bed/selection.ts';
import { checkPublicEvents, untilAllCompleted } from './settled.ts';
import { signalTree } from './process-tree.ts';

const DOWN_MS = sized(10_000, 60_000);
let platform: TestPlatform;

beforeAll(async () => {
  platform = await startTestPlatform({ workflows: { 'tests/quick.sh': '#!/bin/sh\ntrue\n' } });
});
afterAll(() => platform.stop());

test(`F10: without Postgres for ${DOWN_MS / 1_000} s requests are accepted and executed, and /status of an accepted run is never 404`, async () => {
  await untilEnded(platform.http, await startRun(platform.http, 'tests/quick'));
  const pid = platform.pid('postgres');
  // Stopped, not killed: the supervisor would start it again at once.
  signalTree(pid, 'SIGSTOP');
  const ids: string[] = [];
  const statuses = new Set<number>();
  const until = performance.now() + DOWN_MS;
  try {
    while (performance.now() < until) {
      const id = await startRun(platform.http, 'tests/quick');
      ids.push(id);
      const { status, headers } = await platform.http.get(`/status/${id}`);
      statuses.add(status);
      if (status === 503) expect(headers.get('retry-after')).not.toBeNull();
      await delay(200); // paces the arrivals; nothing is waited for
    }
    // Executed while Postgres is away: the public events do not depend on it.
    await checkPublicEvents(platform, ids);
  } finally {
    signalTree(pid, 'SIGCONT');
  }
  expect(ids.length).toBeGreaterThan(1);
  expect([...statuses]).toEqual([503]);
  const since = performance.now();
  await untilAllCompleted(platform, ids, 60_000);
  const recoverySeconds = (performance.now() - since) / 1_000;
  for (const id of ids) {
    await eventually(async () => {
      expect((await platform.http.get(`/status/${id}`)).json).toMatchObject({ status: 'completed' });
    });
  }
  recordRow(platform, { row: 'F10', acknowledged: ids.length, finished: ids.length, lost: 0, recoverySeconds });
});
