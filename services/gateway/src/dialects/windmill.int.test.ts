import { type InjectOptions } from 'fastify';
import { completed, eventually, failed } from '@millrace/testkit';
import { during, lastEvent, report } from '../../testing/play-executor.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ProjectedGateway, startProjectedGateway } from '../../testing/start-projected-gateway.ts';
import { TOKENS } from '../../testing/start-test-gateway.ts';
import { JOBS, WORKFLOW, windmillClient } from '../../testing/windmill-client.ts';

const TOMORROW = new Date(Date.now() + 86_400_000);

let gateway: ProjectedGateway;
const { call, start } = windmillClient(() => gateway);

beforeAll(async () => {
  gateway = await startProjectedGateway({
    workflows: [WORKFLOW, 'tests/other'],
    settings: { dialects: { windmill: { timeout_wait_result: 5 } } },
  });
});
afterAll(() => gateway.stop());

describe('001 starting', () => {
  test.each(['run/p', 'run/f'])('%s: 201 and the bare uuid of the job, as text', async (verb) => {
    const response = await call({ method: 'POST', url: `${JOBS}/${verb}/${WORKFLOW}`, payload: { a: 1 } });
    expect(response.statusCode).toBe(201);
    expect(response.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'access-control-allow-origin': '*',
    });
    expect(response.body).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(await lastEvent(gateway)).toMatchObject({
      subject: response.body,
      workflow: WORKFLOW,
      data: { input: { a: 1 }, dialect: 'windmill', requestedBy: 'admin', trigger: { id: 'windmill' } },
    });
  });

  test.each<['GET' | 'POST', string]>([
    ['POST', `run_wait_result/p/${WORKFLOW}`],
    ['GET', `run_wait_result/p/${WORKFLOW}`],
    ['POST', `run_wait_result/f/${WORKFLOW}`],
    ['GET', `run_wait_result/f/${WORKFLOW}`],
    ['POST', `run_wait_result/${WORKFLOW}`],
  ])('%s %s: 200 and the result', async (method, path) => {
    const begin = () => call({ method, url: `${JOBS}/${path}` });
    const response = await during(gateway, begin, (runId) =>
      report(gateway, completed({ runId, workflow: WORKFLOW, output: { hello: 'world' } })),
    );
    expect([response.statusCode, response.json()]).toEqual([200, { hello: 'world' }]);
  });

  test('a failed run: 200 with the error as JSON', async () => {
    const begin = () => call({ method: 'POST', url: `${JOBS}/run_wait_result/p/${WORKFLOW}` });
    const response = await during(gateway, begin, (runId) => report(gateway, failed({ runId, workflow: WORKFLOW })));
    expect([response.statusCode, response.json()]).toEqual([
      200,
      { error: { name: 'ExecutionErr', message: 'ended with exit code 1', stack: '' } },
    ]);
  });

  test('a wait that is longer than the instance allows: 500, and the run is cancelled', async () => {
    const response = await call({ method: 'POST', url: `${JOBS}/run_wait_result/p/${WORKFLOW}` });
    expect([response.statusCode, response.body]).toEqual([500, 'Internal: timeout after 5s']);
    expect(await lastEvent(gateway)).toMatchObject({ type: 'dev.millrace.run.cancel.requested.v1' });
  });

  test('a gateway that ends while somebody waits: 503, and the run goes on', async () => {
    const ending = await startProjectedGateway({ workflows: [WORKFLOW] });
    const client = windmillClient(() => ending);
    const begin = () => client.call({ method: 'POST', url: `${JOBS}/run_wait_result/p/${WORKFLOW}` });
    const response = await during(ending, begin, async () => void ending.app.close());
    expect([response.statusCode, response.body]).toEqual([
      503,
      'Service unavailable: this server ends; the run goes on: ask for its status',
    ]);
    expect(await lastEvent(ending)).toMatchObject({ type: 'dev.millrace.run.requested.v1' });
    await ending.stop();
  });

  test.each(['run/p', 'run_wait_result/p', 'run_wait_result/f', 'run_and_stream/p'])(
    'HEAD %s: 200, empty, and nothing runs',
    async (verb) => {
      const before = await lastEvent(gateway);
      const response = await call({ method: 'HEAD', url: `${JOBS}/${verb}/${WORKFLOW}` });
      expect([response.statusCode, response.body]).toEqual([200, '']);
      expect((await lastEvent(gateway))?.id).toBe(before?.id);
    },
  );

  test('OPTIONS: CORS for any page, without a token, from any site', async () => {
    const headers = { origin: 'https://app.example', 'sec-fetch-site': 'cross-site' };
    const response = await call({ method: 'OPTIONS', url: `${JOBS}/run/p/${WORKFLOW}`, headers });
    expect(response.statusCode).toBe(200);
    expect(response.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET,POST',
      'access-control-allow-headers': 'content-type,authorization,x-api-key',
    });
  });

  test('OPTIONS: the handshake of CloudEvents', async () => {
    const headers = { 'webhook-request-origin': 'eventgrid.azure.net' };
    const response = await call({ method: 'OPTIONS', url: `${JOBS}/run/p/${WORKFLOW}`, headers });
    expect(response.headers).toMatchObject({
      'webhook-allowed-origin': 'eventgrid.azure.net',
      'webhook-allowed-rate': '*',
    });
  });

  test.each<[string, InjectOptions, number, string]>([
    ['an unknown path', { url: `${JOBS}/run/p/tests/absent` }, 404, 'Not found: script not found at name tests/absent'],
    [
      'an unknown hash',
      { url: `${JOBS}/run/h/0123456789abcdef` },
      404,
      'Not found: script not found at hash 0123456789abcdef',
    ],
    ['no token', { url: `${JOBS}/run/p/${WORKFLOW}`, headers: {} }, 401, 'Unauthorized'],
    ['no token and an unknown path', { url: `${JOBS}/run/p/tests/absent`, headers: {} }, 401, 'Unauthorized'],
    [
      'a token that may only read',
      { url: `${JOBS}/run/p/${WORKFLOW}`, headers: { authorization: `Bearer ${TOKENS.read}` } },
      403,
      'Permission denied: ',
    ],
    [
      'a delay that is none',
      { url: `${JOBS}/run/p/${WORKFLOW}?scheduled_in_secs=soon` },
      400,
      'Bad request: scheduled_in_secs must be a number',
    ],
    [
      'a delay that the log does not live to see',
      { url: `${JOBS}/run/p/${WORKFLOW}?scheduled_for=2999-01-01T00:00:00Z` },
      400,
      'Bad request: not_before is later than this server can keep a request',
    ],
    ['GET where only POST starts', { method: 'GET', url: `${JOBS}/run/p/${WORKFLOW}` }, 405, 'Method not allowed: '],
  ])('%s', async (_what, options, status, text) => {
    const response = await call({ method: 'POST', ...options });
    expect(response.statusCode).toBe(status);
    expect(response.body).toContain(text);
    expect(response.headers['content-type']).toBe('text/plain; charset=utf-8');
  });

  test('a job_id names the call: its repeat gets the first job, another call under it is refused', async () => {
    const url = `${JOBS}/run/p/${WORKFLOW}?job_id=0193f6a5-0000-4000-8000-000000000001`;
    const first = await call({ method: 'POST', url, payload: { a: 1 } });
    const repeat = await call({ method: 'POST', url, payload: { a: 1 } });
    expect([repeat.statusCode, repeat.body, repeat.headers['idempotency-replayed']]).toEqual([201, first.body, 'true']);
    const other = await call({ method: 'POST', url, payload: { a: 2 } });
    expect([other.statusCode, other.body]).toMatchObject([409, expect.stringMatching(/^Conflict: /)]);
  });

  test.each([
    ['scheduled_in_secs=3600', ({ time }: { readonly time: string }) => Date.parse(time) + 3_600_000],
    [`scheduled_for=${TOMORROW.toISOString()}`, () => TOMORROW.getTime()],
  ])('%s: the run begins no earlier, and its job says so', async (query, instantOf) => {
    const { body: id } = await call({ method: 'POST', url: `${JOBS}/run/p/${WORKFLOW}?${query}` });
    const event = await lastEvent(gateway);
    const notBefore = new Date(instantOf({ time: event?.time ?? '' })).toISOString();
    expect(event).toMatchObject({ subject: id, data: { notBefore } });
    await eventually(async () => {
      const job = await call({ url: `${JOBS}_u/get/${id}` });
      expect(job.json()).toMatchObject({ type: 'QueuedJob', running: false, scheduled_for: notBefore });
    });
  });

  test('timeout shortens the run', async () => {
    await call({ method: 'POST', url: `${JOBS}/run/p/${WORKFLOW}?timeout=7` });
    expect(await lastEvent(gateway)).toMatchObject({ data: { policy: { timeoutMs: 7_000 } } });
  });

  test('queue_limit: 500 when more jobs wait', async () => {
    await start();
    await eventually(async () => {
      const response = await call({ method: 'POST', url: `${JOBS}/run_wait_result/p/${WORKFLOW}?queue_limit=0` });
      expect([response.statusCode, response.body]).toEqual([500, 'Internal: Number of queued job is too high: 1 > 0']);
    });
  });
});
