import { startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { liveGroups } from './live-groups.ts';
import { startRun, statusOf, untilEnded, untilState } from './runs.ts';

const LIMIT = 4;
const RUNS = 20;
/** Stands in the command line of each run's process and nowhere else on the machine. */
const MARKER = `millrace-limit-${process.pid}`;

let platform: TestPlatform;

beforeAll(async () => {
  platform = await startTestPlatform({
    env: { MILLRACE_MAX_CONCURRENT_RUNS: String(LIMIT) },
    workflows: {
      'tests/slow.sh': `#!/bin/sh\nexec sh -c 'sleep 0.4; : ${MARKER}'\n`,
      'tests/single.sh': '#!/bin/sh\nsleep 0.3\n',
      'tests/single.yaml': 'concurrency: 1\n',
      'tests/picky.sh': '#!/bin/sh\nsleep 30\n',
      'tests/picky.yaml': 'concurrency: 1\non_limit: reject\n',
    },
  });
});
afterAll(() => platform.stop());

describe('max_concurrent_runs', () => {
  test(`${RUNS} runs at a limit of ${LIMIT} never show more than ${LIMIT} live processes, and all complete`, async () => {
    const ids = await Promise.all(Array.from({ length: RUNS }, () => startRun(platform.http, 'tests/slow')));
    let most = 0;
    const open = new Set(ids);
    while (open.size > 0) {
      most = Math.max(most, liveGroups(MARKER).length);
      for (const id of open) if ((await statusOf(platform.http, id)).status !== 'running') open.delete(id);
    }
    expect(most).toBe(LIMIT);
    for (const id of ids)
      expect(await statusOf(platform.http, id)).toMatchObject({ status: 'completed', exit_code: 0, attempt: 1 });
  });
});

describe("a workflow's own concurrency", () => {
  test('runs one after the other, in the order of the requests', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 4; index += 1) ids.push(await startRun(platform.http, 'tests/single'));
    for (const id of ids) await untilEnded(platform.http, id);
    const details = await Promise.all(
      ids.map(async (id) => (await platform.http.get(`/runs/${id}`)).json as { started_at: string; ended_at: string }),
    );
    for (const [index, { started_at }] of details.entries()) {
      const before = details[index - 1];
      if (before !== undefined) expect(Date.parse(started_at)).toBeGreaterThanOrEqual(Date.parse(before.ended_at));
    }
  });

  test('answers 429 with Retry-After at the limit when on_limit is reject, and records the refusal', async () => {
    const running = await startRun(platform.http, 'tests/picky');
    await untilState(platform.http, running, 'running');
    const refused = await platform.http.post('/run/tests/picky', { body: {} });
    expect(refused.status).toBe(429);
    expect(refused.json).toMatchObject({ error: 'too many concurrent runs' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    await platform.http.post(`/runs/${running}/cancel`);
    expect(await untilEnded(platform.http, running)).toMatchObject({ status: 'failed', state: 'cancelled' });
    const again = await startRun(platform.http, 'tests/picky');
    await platform.http.post(`/runs/${again}/cancel`);
    await untilEnded(platform.http, again);
  });
});
