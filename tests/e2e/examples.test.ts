import { join } from 'node:path';
import { startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRun, untilEnded } from './runs.ts';

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform({ workflowsFrom: join(import.meta.dirname, '../../workflows') });
});
afterAll(() => platform.stop());

describe('every workflow that is shipped', () => {
  test('is listed by GET /tasks and deployed without a problem', async () => {
    const { tasks } = (await platform.http.get('/tasks')).json as { tasks: { ref: string }[] };
    const { workflows } = (await platform.http.get('/workflows')).json as {
      workflows: { path: string; problem?: unknown }[];
    };
    expect(workflows.filter(({ problem }) => problem !== undefined)).toEqual([]);
    expect(tasks.map(({ ref }) => ref).sort()).toEqual(workflows.map(({ path }) => path).sort());
    expect(tasks.length).toBeGreaterThanOrEqual(7);
  });

  test('backup/db-full writes a dump or an archive and says where, for the TARGET it was given', async () => {
    const id = await startRun(platform.http, 'backup/db-full', { env: { TARGET: 'production' } });
    const ended = await untilEnded(platform.http, id);
    expect(ended).toMatchObject({ status: 'completed', exit_code: 0, output: { target: 'production' } });
    expect((ended.output as { bytes: number }).bytes).toBeGreaterThan(0);
  });

  test('reports/summarize computes in Python', async () => {
    const id = await startRun(platform.http, 'reports/summarize', { input: { numbers: [1, 2, 3, 4] } });
    expect(await untilEnded(platform.http, id)).toMatchObject({ status: 'completed', output: { count: 4, mean: 2.5 } });
  });

  test('data/fetch-transform fetches from the server it runs on', async () => {
    const id = await startRun(platform.http, 'data/fetch-transform', { input: { url: `${platform.url}/health` } });
    expect(await untilEnded(platform.http, id)).toMatchObject({ status: 'completed' });
  });

  test('hello/world answers to a synchronous caller', async () => {
    const { status, json } = await platform.http.post('/run/hello/world?wait=20', { body: { input: { name: 'Ada' } } });
    expect(status).toBe(200);
    expect(JSON.stringify(json)).toContain('Ada');
  });

  test('demo/progress streams its progress', async () => {
    const id = await startRun(platform.http, 'demo/progress', { env: { DURATION: '3' } });
    const { text } = await platform.http.get(`/runs/${id}/events`, { headers: { accept: 'text/event-stream' } });
    const percents = [...text.matchAll(/"percent":(\d+)/g)].map(([, percent]) => Number(percent));
    expect(percents.length).toBeGreaterThan(2);
    expect(percents).toEqual([...percents].sort((a, b) => a - b));
    expect(text).toContain('event: complete');
  });

  test('demo/fail fails with exit code 3 and says why', async () => {
    const id = await startRun(platform.http, 'demo/fail');
    const ended = await untilEnded(platform.http, id);
    expect(ended).toMatchObject({ status: 'failed', exit_code: 3 });
    expect(ended.error).toBe('exit code 3: cannot read /nonexistent/orders.csv: no such file');
  });

  test('demo/stubborn outlives SIGTERM but not a cancel', async () => {
    const id = await startRun(platform.http, 'demo/stubborn', { env: { DURATION: '60' } });
    await platform.http.post(`/runs/${id}/cancel`);
    expect(await untilEnded(platform.http, id)).toMatchObject({ state: 'cancelled' });
  });
});
