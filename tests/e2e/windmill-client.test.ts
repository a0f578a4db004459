/** The client that Windmill publishes, unchanged, against the Windmill dialect, and what it does not call. */
import { eventually, startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as wmill from 'windmill-client';

const workspace = 'demo';
const ECHO = '#!/bin/sh\necho ran >&2\ncp "$MILLRACE_INPUT" "$MILLRACE_OUTPUT"\n';
const ROUTE = 'triggers: [{ dialect: windmill, id: order, route: orders/:id, methods: [PUT] }]\n';

let platform: TestPlatform;

beforeAll(async () => {
  platform = await startTestPlatform({
    workflows: {
      'f/team/echo.sh': ECHO,
      'f/team/fail.sh': '#!/bin/sh\nexit 3\n',
      'f/team/slow.sh': '#!/bin/sh\nsleep 30\n',
      'f/team/lines.sh': '#!/bin/sh\necho one\nsleep 0.3\necho two\n',
      'shop/order.sh': ECHO,
      'shop/order.yaml': ROUTE,
    },
  });
  process.env['WM_WORKSPACE'] = workspace;
  wmill.setClient(platform.token, platform.url);
});
afterAll(async () => {
  delete process.env['WM_WORKSPACE'];
  await platform.stop();
});

test('runScriptByPath waits for the result', async () => {
  expect(await wmill.runScriptByPath('f/team/echo', { a: 1 })).toEqual({ a: 1 });
});

test('runScriptByHash runs one version', async () => {
  const { json } = await platform.http.get('/workflows/f/team/echo');
  const hash = (json as { version: string }).version.slice(0, 16);
  expect(await wmill.runScriptByHash(hash, { a: 2 })).toEqual({ a: 2 });
});

test('runFlow runs what is at a path', async () => {
  expect(await wmill.runFlow('f/team/echo', { a: 3 })).toEqual({ a: 3 });
});

test('runScriptByPathAsync gives the id, which the other calls understand', async () => {
  const id = await wmill.runScriptByPathAsync('f/team/echo', { a: 4 });
  expect(await wmill.waitJob(id)).toEqual({ a: 4 });
  expect(await wmill.JobService.getCompletedJobResult({ workspace, id })).toEqual({ a: 4 });
  expect(await wmill.JobService.getCompletedJobResultMaybe({ workspace, id })).toMatchObject({
    completed: true,
    success: true,
    result: { a: 4 },
  });
  expect(await wmill.getRootJobId(id)).toBe(id);
  const job = await wmill.JobService.getJob({ workspace, id });
  expect(job).toMatchObject({ type: 'CompletedJob', id, success: true, script_path: 'f/team/echo' });
  await eventually(async () =>
    expect(await wmill.JobService.getJobUpdates({ workspace, id, running: true })).toMatchObject({
      completed: true,
      new_logs: 'ran\n',
    }),
  );
});

test('a job that fails rejects with its error', async () => {
  await expect(wmill.runScriptByPath('f/team/fail')).rejects.toThrow(/was not successful.*exit code 3/);
});

test('cancelJob ends a job', async () => {
  const id = await wmill.runScriptByPathAsync('f/team/slow');
  expect(await wmill.cancelJob(id, 'enough')).toBe(id);
  await expect(wmill.waitJob(id)).rejects.toThrow(/Canceled/);
});

test('what is not there is an error that says so', async () => {
  const gone = wmill.JobService.getCompletedJobResult({ workspace, id: '0193f6a5-0000-7000-8000-000000000001' });
  await expect(gone).rejects.toMatchObject({ status: 404, body: expect.stringMatching(/^Not found: /) as string });
});

test('1.4 run_and_stream tells what the job writes as it writes it, and its result at last', async () => {
  const { text } = await platform.http.post('/api/w/demo/jobs/run_and_stream/p/f/team/lines');
  const frames = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line.slice('data: '.length)) as Readonly<Record<string, unknown>>);
  expect(frames.flatMap(({ new_logs: logs }) => (typeof logs === 'string' ? [logs] : [])).join('')).toBe('one\ntwo\n');
  expect(frames.at(-1)).toMatchObject({ type: 'update', completed: true, only_result: null, log_offset: 8 });
  expect(frames.at(-1)?.['job']).toMatchObject({ type: 'CompletedJob', success: true });
});

test('1.6 a second workflow cannot take the route of another', async () => {
  platform.saveWorkflow('shop/rival.yaml', ROUTE.replace(':id', ':other'));
  platform.saveWorkflow('shop/rival.sh', ECHO);
  await eventually(
    async () => {
      const { json } = await platform.http.get('/workflows/shop/rival');
      expect((json as { problem?: { reason: string } }).problem?.reason).toContain('shop/order');
    },
    { timeoutMs: 20_000 },
  );
});
