/** What starts because time passes, through the whole product: schedules, delayed runs, pauses before retries, and kills in between. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually, startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRun, statusOf, untilEnded, untilState } from './runs.ts';

const ROOT = join(import.meta.dirname, '../..');
const run = promisify(execFile);

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform({
    workflows: {
      'time/flaky.sh':
        '#!/bin/sh\necho "$MILLRACE_ATTEMPT" > "$MILLRACE_OUTPUT"\n[ "$MILLRACE_ATTEMPT" -ge 2 ] || exit 7\n',
      'time/flaky.yaml': 'retries: { failed: 2, backoff: { first: 4s, factor: 1, jitter: 0 } }\n',
      'time/plain.sh': '#!/bin/sh\ntrue\n',
      'time/tick.sh': '#!/bin/sh\ncp "$MILLRACE_TRIGGER" "$MILLRACE_OUTPUT"\n',
      'time/tick.yaml':
        "triggers:\n  - { cron: '* * * * * *', id: ticks }\n  - { cron: '0 3 * * *', timezone: Europe/Berlin, id: nightly }\n",
    },
  });
});
afterAll(() => platform.stop());

interface Listed {
  readonly run_id: string;
  readonly dialect: string;
  readonly status: string;
}

const runsOf = async (workflow: string): Promise<readonly Listed[]> => {
  const { json } = await platform.http.get(`/runs?workflow=${workflow}&limit=200`);
  return (json as { readonly runs: readonly Listed[] }).runs;
};

test('a run that failed waits without a slot, shows until when, and goes on over kills of nats-server and the scheduler', async () => {
  const runId = await startRun(platform.http, 'time/flaky');
  const waiting = await eventually(async () => {
    const status = (await statusOf(platform.http, runId)) as { readonly retry_at?: string; readonly state: string };
    if (status.retry_at === undefined) throw new Error(`it is ${status.state}`);
    return status;
  });
  expect(waiting.state).toBe('waiting');
  const [nats, scheduler] = [platform.pid('nats'), platform.pid('scheduler')];
  await platform.kill('nats');
  await platform.kill('scheduler');
  await Promise.all([platform.untilRestarted('nats', nats), platform.untilRestarted('scheduler', scheduler)]);
  const ended = await eventually(() => untilEnded(platform.http, runId), { timeoutMs: 40_000 });
  expect(ended).toMatchObject({ state: 'completed', attempt: 2, output: 2 });
  expect(ended).not.toHaveProperty('retry_at');
  expect(Date.parse((ended as { started?: string }).started ?? '')).toBeGreaterThanOrEqual(
    Date.parse(waiting.retry_at ?? ''),
  );
});

test('a run that was put off waits for its time, and is cancelled at once when somebody says so', async () => {
  const { json, status } = await platform.http.post('/run/time/plain?not_before=1h', { body: {} });
  expect(status).toBe(202);
  const { run_id: far } = json as { readonly run_id: string };
  expect(await statusOf(platform.http, far)).toMatchObject({ state: 'waiting', not_before: expect.any(String) });
  await platform.http.post(`/runs/${far}/cancel`, { body: {} });
  await untilState(platform.http, far, 'cancelled');

  const soon = await platform.http.post('/run/time/plain?not_before=1s&wait=20', { body: {} });
  expect(soon.json).toMatchObject({ status: 'completed' });
  const { json: detail } = await platform.http.get(`/runs/${(soon.json as { run_id: string }).run_id}`);
  const { queued_at: queued, started_at: started } = detail as {
    readonly queued_at: string;
    readonly started_at: string;
  };
  expect(Date.parse(started) - Date.parse(queued)).toBeGreaterThanOrEqual(1_000);

  for (const [notBefore, code] of [
    ['soon', 'not_before.invalid'],
    ['2026-12-24', 'not_before.invalid'],
    ['30d', 'not_before.too_late'],
  ] as const) {
    const refused = await platform.http.post(`/run/time/plain?not_before=${notBefore}`, { body: {} });
    expect([refused.status, (refused.json as { code: string }).code]).toEqual([400, code]);
  }
});

test('a schedule starts its workflow at each instant once, is listed with the next one, and stops when it is disabled', async () => {
  const ended = await eventually(async () => {
    const runs = (await runsOf('time/tick')).filter(({ status }) => status === 'completed');
    expect(runs.length).toBeGreaterThanOrEqual(3);
    return runs;
  });
  expect(new Set(ended.map(({ dialect }) => dialect))).toEqual(new Set(['schedule']));
  const { output } = await statusOf(platform.http, ended[0]?.run_id ?? '');
  expect(output).toMatchObject({ id: 'ticks', verified: 'schedule', delivery: expect.stringMatching(/:\d\d\.000Z$/) });

  const { stdout } = await run(
    process.execPath,
    [join(ROOT, 'libs/cli/bin/millrace.mjs'), 'trigger', 'list', '--json'],
    {
      env: { ...process.env, MILLRACE_URL: platform.url, MILLRACE_TOKEN: platform.token },
      cwd: platform.home,
    },
  );
  const { triggers } = JSON.parse(stdout) as { readonly triggers: readonly { readonly next_at?: string }[] };
  expect(triggers).toMatchObject([
    { id: 'ticks', dialect: 'schedule', auth: 'none', state: 'enabled' },
    {
      id: 'nightly',
      address: { cron: '0 3 * * *', timezone: 'Europe/Berlin' },
      next_at: expect.stringMatching(/T0[12]:00:00/),
    },
  ]);

  const trigger = { workflow: 'time/tick', trigger: 'ticks' };
  expect((await platform.http.post('/triggers/disable', { body: trigger })).status).toBe(200);
  const { json } = await platform.http.get('/triggers/time/tick');
  expect(json).toMatchObject({
    triggers: [
      { id: 'ticks', state: 'disabled' },
      { id: 'nightly', state: 'enabled' },
    ],
  });
  expect(JSON.stringify((json as { triggers: readonly object[] }).triggers[0])).not.toContain('next_at');
  const instants = (await runsOf('time/tick')).map(({ run_id: id }) => id);
  expect(new Set(instants).size).toBe(instants.length);
});

test('a schedule that is wrong is refused with file, line and reason', async () => {
  platform.saveWorkflow('time/wrong.yaml', "triggers:\n  - cron: '0 25 * * *'\n    timezone: Europe/Berln\n");
  platform.saveWorkflow('time/wrong.sh', '#!/bin/sh\ntrue\n');
  await eventually(async () => {
    const { json } = await platform.http.get('/workflows/time/wrong');
    expect((json as { problem?: object }).problem).toMatchObject({
      file: 'time/wrong.yaml',
      line: 2,
      reason: expect.stringContaining('hour "25" is not between 0 and 23'),
    });
  });
});
