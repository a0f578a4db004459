/** What a workflow says about its place in the queue, on the whole product. The rules themselves are proved in `libs/domain`. */
import { eventually, startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { statusOf, untilEnded, untilState } from './runs.ts';

/** Runs until it is told to end. */
const HOLD = '#!/bin/sh\nexec sleep 60\n';
const QUICK = '#!/bin/sh\nexit 0\n';

let platform: TestPlatform;

beforeAll(async () => {
  platform = await startTestPlatform({
    env: { MILLRACE_MAX_CONCURRENT_RUNS: '8' },
    workflows: {
      'p/keyed.sh': HOLD,
      'p/keyed.yaml': 'concurrency: { limit: 1, key: input.customer }\n',
      'p/latest.sh': HOLD,
      'p/latest.yaml': 'concurrency: { limit: 1, key: input.branch }\non_limit: cancel_previous\n',
      'p/once.sh': HOLD,
      'p/once.yaml': 'concurrency: 1\non_limit: skip\n',
      'p/short.sh': HOLD,
      'p/short.yaml': 'concurrency: 1\nqueue_limit: 1\n',
      'p/rated.sh': QUICK,
      'p/rated.yaml': 'rate: { limit: 2, period: 10m }\n',
      'p/calm.sh': '#!/bin/sh\ncat "$MILLRACE_INPUT"\n',
      'p/calm.yaml': 'debounce: { period: 2s, key: input.repo }\n',
      'p/line.sh': HOLD,
      'p/line.yaml': 'concurrency: 1\n',
    },
  });
});
afterAll(() => platform.stop());

const post = (workflow: string, input: unknown = {}, query = '') =>
  platform.http.post(`/run/p/${workflow}${query}`, { body: { input } });
const start = async (workflow: string, input: unknown = {}, query = ''): Promise<string> => {
  const { status, json } = await post(workflow, input, query);
  expect(status).toBe(202);
  return (json as { readonly run_id: string }).run_id;
};
const cancel = async (runId: string): Promise<void> => {
  await platform.http.post(`/runs/${runId}/cancel`);
  await untilEnded(platform.http, runId);
};
const why = async (runId: string) => (await platform.http.get(`/runs/${runId}/why`)).json as Record<string, unknown>;
const errorOf = async (runId: string) =>
  ((await platform.http.get(`/runs/${runId}`)).json as { readonly error?: { readonly code: string } }).error?.code;

test('a workflow shows what it says about its place in the queue', async () => {
  const limitsOf = async (workflow: string): Promise<unknown> =>
    ((await platform.http.get(`/workflows/p/${workflow}`)).json as { readonly limits?: unknown }).limits;
  expect(await limitsOf('keyed')).toEqual({ key_concurrency: 1, concurrency_key: 'input.customer' });
  expect(await limitsOf('once')).toEqual({ concurrency: 1, on_limit: 'skip' });
  expect(await limitsOf('rated')).toEqual({ rate: { limit: 2, period_ms: 600_000 } });
  expect(await limitsOf('calm')).toEqual({ debounce: { period_ms: 2_000, max_wait_ms: 20_000, key: 'input.repo' } });
});

test('a concurrency key keeps its runs apart, and its runs say which one they wait for', async () => {
  const first = await start('keyed', { customer: 'acme' });
  const second = await start('keyed', { customer: 'acme' });
  const other = await start('keyed', { customer: 'globex' });
  for (const runId of [first, other]) await untilState(platform.http, runId, 'running');
  expect(await why(second)).toMatchObject({
    reason: 'concurrency_key',
    key: 'acme',
    limit: 1,
    running: 1,
    before: 0,
    holder: first,
    line: `waits for its concurrency key "acme": 1 of 1 running (${first})`,
  });
  await cancel(first);
  await untilState(platform.http, second, 'running');
  expect(await why(second)).toMatchObject({ reason: 'running' });
  for (const runId of [second, other]) await cancel(runId);
  expect(await why(second)).toMatchObject({ reason: 'over' });
});

test('an input without the key is refused', async () => {
  const { status, json } = await post('keyed', { client: 'acme' });
  expect([status, (json as { readonly code: string }).code]).toEqual([400, 'concurrency_key.failed']);
});

test('cancel_previous ends the run that is there and starts the new one', async () => {
  const first = await start('latest', { branch: 'main' });
  await untilState(platform.http, first, 'running');
  const [second, third] = [await start('latest', { branch: 'main' }), await start('latest', { branch: 'main' })];
  expect(await untilEnded(platform.http, first)).toMatchObject({ state: 'cancelled' });
  expect(await untilEnded(platform.http, second)).toMatchObject({ state: 'cancelled' });
  await untilState(platform.http, third, 'running');
  await cancel(third);
});

test('skip answers 200 and ends the new run as rejected', async () => {
  const first = await start('once');
  const { status, json } = await post('once');
  expect(status).toBe(200);
  expect(json).toMatchObject({ status: 'rejected', error: { code: 'skipped' } });
  await cancel(first);
  await cancel(await start('once'));
});

test('queue_limit answers 429 with Retry-After when as many wait as may', async () => {
  const first = await start('short');
  await untilState(platform.http, first, 'running');
  const second = await start('short');
  const refused = await post('short');
  expect(refused.status).toBe(429);
  expect(refused.json).toMatchObject({ code: 'queue.full', queue_limit: 1 });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await statusOf(platform.http, second)).toMatchObject({ state: 'waiting' });
  for (const runId of [first, second]) await cancel(runId);
});

test('a rate lets so many start, and the others say until when they wait', async () => {
  const ids = [await start('rated'), await start('rated'), await start('rated')];
  const [first = '', second = '', third = ''] = ids;
  for (const runId of [first, second])
    expect(await untilEnded(platform.http, runId)).toMatchObject({ state: 'completed' });
  const { reason, until } = await why(third);
  expect(reason).toBe('rate');
  expect(Date.parse(String(until))).toBeGreaterThan(Date.now());
  await cancel(third);
});

test('of runs that a debounce key gathers only the last one starts', async () => {
  const first = await start('calm', { repo: 'r', n: 1 });
  const last = await start('calm', { repo: 'r', n: 2 });
  expect(await untilEnded(platform.http, first)).toMatchObject({ state: 'rejected' });
  expect(await errorOf(first)).toBe('debounced');
  expect(await untilEnded(platform.http, last)).toMatchObject({ state: 'completed', output: { n: 2 } });
});

test('a higher priority is sooner, and takes a token that may', async () => {
  const holder = await start('line');
  await untilState(platform.http, holder, 'running');
  const low = await start('line');
  const high = await start('line', {}, '?priority=5');
  await eventually(async () => expect(await why(low)).toMatchObject({ reason: 'concurrency', holder }), {
    timeoutMs: 20_000,
  });
  await cancel(holder);
  await untilState(platform.http, high, 'running');
  expect(await statusOf(platform.http, low)).toMatchObject({ state: 'waiting' });
  for (const runId of [high, low]) await cancel(runId);
  const { json } = await platform.http.post('/tokens', { body: { scopes: ['run:p/*'] } });
  const { token } = json as { readonly token: string };
  const refused = await platform.http.post('/run/p/line?priority=1', {
    body: {},
    headers: { authorization: `Bearer ${token}` },
  });
  expect(refused.status).toBe(403);
});
