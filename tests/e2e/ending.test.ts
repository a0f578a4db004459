import { eventually, startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { liveGroups } from './live-groups.ts';
import { startRun, untilEnded, untilState } from './runs.ts';

const MARKER = `millrace-ending-${process.pid}`;
let platform: TestPlatform;

beforeAll(async () => {
  platform = await startTestPlatform({
    env: { MILLRACE_MAX_CONCURRENT_RUNS: '2' },
    workflows: {
      'tests/sleep.sh': `#!/bin/sh\nexec sh -c 'sleep 60; : ${MARKER}-sleep'\n`,
      'tests/brief.sh': '#!/bin/sh\nsleep 60\n',
      'tests/brief.yaml': 'timeout: 500ms\n',
      // Ignores SIGTERM itself, and so does the child that it waits for.
      'tests/stubborn.sh': `#!/bin/sh\ntrap '' TERM\nsh -c 'trap "" TERM; while :; do sleep 0.1; done; : ${MARKER}-child' &\nwhile :; do sleep 0.1; done; : ${MARKER}-parent\n`,
    },
  });
});
afterAll(() => platform.stop());

const gone = (marker: string): Promise<void> =>
  eventually(() => {
    expect(liveGroups(marker)).toEqual([]);
  });

describe('cancel', () => {
  test('of a waiting run ends it before it ever starts', async () => {
    const holders = await Promise.all([startRun(platform.http, 'tests/sleep'), startRun(platform.http, 'tests/sleep')]);
    for (const id of holders) await untilState(platform.http, id, 'running');
    const waiting = await startRun(platform.http, 'tests/sleep');
    expect(await platform.http.post(`/runs/${waiting}/cancel`)).toMatchObject({ status: 202 });
    expect(await untilEnded(platform.http, waiting)).toMatchObject({ state: 'cancelled', attempt: 0 });
    for (const id of holders) await platform.http.post(`/runs/${id}/cancel`);
    for (const id of holders) await untilEnded(platform.http, id);
  });

  test('of a running run ends its process, and a second cancel is refused', async () => {
    const id = await startRun(platform.http, 'tests/sleep');
    await untilState(platform.http, id, 'running');
    await eventually(() => {
      expect(liveGroups(`${MARKER}-sleep`)).not.toEqual([]);
    });
    await platform.http.post(`/runs/${id}/cancel`);
    expect(await untilEnded(platform.http, id)).toMatchObject({ state: 'cancelled', attempt: 1 });
    await gone(`${MARKER}-sleep`);
    expect((await platform.http.post(`/runs/${id}/cancel`)).status).toBe(409);
  });

  test('kills a script that ignores SIGTERM together with its child', async () => {
    const id = await startRun(platform.http, 'tests/stubborn');
    await eventually(() => {
      expect(liveGroups(`${MARKER}-child`)).not.toEqual([]);
    });
    await platform.http.post(`/runs/${id}/cancel`);
    expect(await untilEnded(platform.http, id)).toMatchObject({ state: 'cancelled' });
    await gone(`${MARKER}-child`);
  });
});

test('a run over its time-out ends as timed_out, which the dialect calls failed', async () => {
  const id = await startRun(platform.http, 'tests/brief');
  const ended = await untilEnded(platform.http, id);
  expect(ended).toMatchObject({ state: 'timed_out', status: 'failed' });
  expect(ended.error).toContain('0.5 s');
});
