import { during, report } from '../testing/play-executor.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  aRunId,
  completed,
  dispatched,
  eventually,
  failed,
  progressed,
  rejected,
  responded,
  started,
} from '@millrace/testkit';
import { type ProjectedGateway, startProjectedGateway } from '../testing/start-projected-gateway.ts';

let gateway: ProjectedGateway;

beforeAll(async () => {
  gateway = await startProjectedGateway({ workflows: ['tests/mine', 'tests/deep/er'] });
  await gateway.deploy('tests/strict', {
    policy: { timeoutMs: 1_000, onLimit: 'reject', retries: { failed: 0, lost: 0 } },
  });
  const problem = { file: 'tests/broken.sh', line: 3, reason: 'syntax error', at: '2026-01-01T00:00:00Z' };
  await gateway.catalog.put({ workspace: 'default', path: 'tests/broken', problem });
  await eventually(() => expect(gateway.catalog.entries().size).toBe(4));
});
afterAll(() => gateway.stop());

const run = (payload?: string | object, headers: Record<string, string> = {}, path = 'tests/mine') =>
  gateway.call({ method: 'POST', url: `/run/${path}`, headers, ...(payload === undefined ? {} : { payload }) });

const runIdOf = (response: { json: () => unknown }): string => (response.json() as { run_id: string }).run_id;

describe('waiting for the outcome', () => {
  test('gives the result of a run that completes', async () => {
    const begin = () => gateway.call({ method: 'POST', url: '/run/tests/mine?wait=10' });
    const response = await during(gateway, begin, (runId) =>
      report(gateway, completed({ runId, output: { ok: true }, exitCode: 0 })),
    );
    expect([response.statusCode, response.json()]).toMatchObject([
      200,
      { run_id: expect.any(String) as string, status: 'completed', output: { ok: true }, exit_code: 0 },
    ]);
  });

  test('answers 422 for a run that fails', async () => {
    const begin = () =>
      gateway.call({
        method: 'POST',
        url: '/run/tests/mine',
        headers: { prefer: 'respond-async, wait=10' },
      });
    const response = await during(gateway, begin, (runId) => report(gateway, failed({ runId })));
    expect([response.statusCode, response.json()]).toMatchObject([
      422,
      { status: 'failed', code: 'run.failed', exit_code: 1, error: { code: 'exit_code' } },
    ]);
  });

  test('001 early return: gives the answer of a run that goes on, and the run ends as it ends', async () => {
    const begin = () => gateway.call({ method: 'POST', url: '/run/tests/mine?wait=10' });
    const workflow = 'tests/mine';
    const response = await during(gateway, begin, async (runId) => {
      await gateway.writer.append([dispatched({ runId, workflow })]);
      await report(gateway, responded({ runId, workflow, response: { hello: 'early' } }));
    });
    const run_id = runIdOf(response);
    expect([response.statusCode, response.json()]).toEqual([
      200,
      { run_id, status: 'running', output: { hello: 'early' } },
    ]);
    await report(gateway, failed({ runId: run_id, workflow }));
    await eventually(async () =>
      expect((await gateway.call({ url: `/runs/${run_id}` })).json()).toMatchObject({
        status: 'failed',
        error: { code: 'exit_code' },
      }),
    );
  });

  test.each([{ early: 1 }, null])(
    'finds the early answer %j in the read model when its reply got lost',
    async (early) => {
      const begin = () => gateway.call({ method: 'POST', url: '/run/tests/mine?wait=2' });
      const workflow = 'tests/mine';
      const response = await during(gateway, begin, async (runId) => {
        const events = [dispatched({ runId, workflow }), responded({ runId, workflow, response: early })];
        await gateway.writer.append([...events, completed({ runId, workflow, output: 'late' })]);
      });
      expect([response.statusCode, response.json()]).toMatchObject([200, { output: early }]);
    },
  );

  test('finds the result in the read model when the reply got lost', async () => {
    const begin = () => gateway.call({ method: 'POST', url: '/run/tests/mine?wait=2' });
    const response = await during(gateway, begin, async (runId) => {
      await gateway.writer.append([
        dispatched({ runId, workflow: 'tests/mine' }),
        completed({ runId, workflow: 'tests/mine' }),
      ]);
    });
    expect(response.statusCode).toBe(200);
  });

  test('answers 202 with Location when time is up', async () => {
    const response = await gateway.call({ method: 'POST', url: '/run/tests/mine?wait=0.3' });
    expect([response.statusCode, response.headers.location]).toEqual([202, `/runs/${runIdOf(response)}`]);
  });

  test.each(['soon', '-1', ''])('refuses wait=%s', async (wait) => {
    const response = await gateway.call({ method: 'POST', url: `/run/tests/mine?wait=${wait}` });
    expect(response.json()).toMatchObject({ status: 400, code: 'wait.invalid' });
  });
});

describe('a workflow that rejects at the limit', () => {
  const strict = () => run({}, {}, 'tests/strict');

  test('answers 429 in the words of the dialect when the scheduler rejects', async () => {
    const response = await during(gateway, strict, (runId) => report(gateway, rejected({ runId })));
    expect([response.statusCode, response.headers['retry-after'], response.json()]).toEqual([
      429,
      '1',
      { error: 'too many concurrent runs', max: 4 },
    ]);
  });

  test('answers 202 when the scheduler dispatches', async () => {
    const response = await during(gateway, strict, (runId) => report(gateway, dispatched({ runId })));
    expect(response.statusCode).toBe(202);
  });

  test('answers 202 when the scheduler says nothing', async () => {
    expect((await run({}, {}, 'tests/strict')).statusCode).toBe(202);
  });
});

describe('GET /status', () => {
  test('never says that a run still runs whose end a caller was told', async () => {
    const workflow = 'tests/mine';
    for (let i = 0; i < 20; i += 1) {
      const begin = () => gateway.call({ method: 'POST', url: '/run/tests/mine?wait=10' });
      const response = await during(gateway, begin, async (runId) => {
        await gateway.writer.append([dispatched({ runId, workflow })]);
        await report(gateway, completed({ runId, workflow }));
      });
      const runId = runIdOf(response);
      expect([response.statusCode, (await gateway.call({ url: `/status/${runId}` })).json()]).toMatchObject([
        200,
        { run_id: runId, status: 'completed', state: 'completed' },
      ]);
    }
  });

  test('knows a run as soon as it is acknowledged', async () => {
    for (let i = 0; i < 20; i += 1) {
      const runId = runIdOf(await run({ i }));
      const response = await gateway.call({ url: `/status/${runId}` });
      expect([response.statusCode, response.json()]).toMatchObject([
        200,
        { run_id: runId, status: 'running', state: 'waiting', attempt: 0, workflow: 'tests/mine' },
      ]);
    }
  });

  test('shows what the dialect shows, and more, once the run is over', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const runId = runIdOf(await run({}, { traceparent: `00-${traceId}-00f067aa0ba902b7-01` }));
    const workflow = 'tests/mine';
    await gateway.writer.append([
      dispatched({ runId, workflow }),
      started({ runId, workflow, time: '2026-01-02T03:04:06.000Z' }),
      progressed({ runId, workflow, percent: 40, message: 'half' }),
      failed({ runId, workflow, exitCode: 3, time: '2026-01-02T03:04:07.000Z' }),
    ]);
    await eventually(async () => {
      expect((await gateway.call({ url: `/status/${runId}` })).json()).toEqual({
        run_id: runId,
        status: 'failed',
        state: 'failed',
        workflow,
        exit_code: 3,
        steps: 1,
        started: '2026-01-02T03:04:06.000Z',
        ended: '2026-01-02T03:04:07.000Z',
        queued: expect.any(String) as string,
        attempt: 1,
        error: 'ended with exit code 1',
        progress: { percent: 40, message: 'half' },
        trace_id: traceId,
      });
    });
  });

  test.each([aRunId(), '01a1fe04-148e-7730-95d0-3c1cf9210df0x', '%2e%2e%2f', "' or 1=1 --", 'x'.repeat(200)])(
    'answers 404 for %j',
    async (id) => {
      const response = await gateway.call({ url: `/status/${encodeURIComponent(id)}` });
      expect([response.statusCode, response.json()]).toEqual([404, { error: 'run not found' }]);
    },
  );

  test("answers the same for another token's run as for none", async () => {
    const foreign = runIdOf(await run({}, {}, 'tests/deep/er'));
    for (const id of [foreign, aRunId()]) {
      for (const [method, url] of [
        ['GET', `/status/${id}`],
        ['GET', `/runs/${id}`],
        ['GET', `/runs/${id}/logs`],
        ['GET', `/runs/${id}/events`],
        ['POST', `/runs/${id}/cancel`],
        ['POST', `/runs/${id}/rerun`],
      ] as const) {
        expect([url, (await gateway.call({ as: 'limited', method, url })).statusCode]).toEqual([url, 404]);
      }
    }
  });
});

test('GET /tasks lists what can be started', async () => {
  const { tasks } = (await gateway.call({ url: '/tasks' })).json<{ tasks: { ref: string }[] }>();
  expect(tasks.map(({ ref }) => ref)).not.toContain('tests/broken');
  expect(tasks.find(({ ref }) => ref === 'tests/deep/er')).toEqual({
    ref: 'tests/deep/er',
    kind: 'ShellScript',
    path: 'example.sh',
    description: 'an example',
  });
});

test('GET /workflows shows why a workflow is not in service', async () => {
  const response = await gateway.call({ url: '/workflows/tests/broken' });
  expect(response.json()).toMatchObject({ path: 'tests/broken', problem: { line: 3, reason: 'syntax error' } });
});

test('GET /health is open', async () => {
  const response = await gateway.app.inject('/health');
  expect([response.statusCode, response.json()]).toEqual([
    200,
    {
      status: 'ok',
      durability: 'strict',
      dependencies: { nats: { ok: true }, log: { ok: true }, postgres: { ok: true } },
    },
  ]);
});
