import { type InjectOptions } from 'fastify';
import { lastEvent } from '../../testing/play-executor.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ProjectedGateway, startProjectedGateway } from '../../testing/start-projected-gateway.ts';
import { TOKENS } from '../../testing/start-test-gateway.ts';
import { JOBS, JSON_TYPE, WORKFLOW, windmillClient } from '../../testing/windmill-client.ts';

let gateway: ProjectedGateway;
const { call, lastInput } = windmillClient(() => gateway);

beforeAll(async () => {
  gateway = await startProjectedGateway({ workflows: [WORKFLOW, 'tests/other'] });
});
afterAll(() => gateway.stop());

describe('001 tokens', () => {
  const limited = TOKENS.limited;
  test.each<[string, InjectOptions, number]>([
    ['in the header', { headers: { authorization: `Bearer ${limited}` } }, 201],
    ['in the cookie', { headers: { cookie: `token=${limited}` } }, 201],
    ['in the query', { url: `${JOBS}/run/p/${WORKFLOW}?token=${limited}`, headers: {} }, 201],
    ['of full power in the query', { url: `${JOBS}/run/p/${WORKFLOW}?token=${TOKENS.admin}`, headers: {} }, 403],
    ['of another workflow', { url: `${JOBS}/run/p/tests/other`, headers: { authorization: `Bearer ${limited}` } }, 404],
    [
      'in a cookie, from a page of another site',
      { headers: { cookie: `token=${limited}`, 'sec-fetch-site': 'cross-site' } },
      403,
    ],
    [
      'in the header, from a page of another site',
      { headers: { authorization: `Bearer ${limited}`, 'sec-fetch-site': 'cross-site' } },
      201,
    ],
  ])('%s', async (_what, options, status) => {
    const response = await call({ method: 'POST', url: `${JOBS}/run/p/${WORKFLOW}`, ...options });
    expect(response.statusCode).toBe(status);
  });

  test('a token in the query is in nothing that is recorded', async () => {
    await call({ method: 'POST', url: `${JOBS}/run/p/${WORKFLOW}?token=${limited}`, headers: {} });
    expect(JSON.stringify(await lastEvent(gateway))).not.toContain(limited);
  });

  test('a webhook-specific token may poll what it started, and nothing else', async () => {
    const headers = { authorization: `Bearer ${limited}` };
    const mine = await call({ method: 'POST', url: `${JOBS}/run/p/${WORKFLOW}`, headers });
    const other = await call({ method: 'POST', url: `${JOBS}/run/p/tests/other` });
    const poll = (id: string, rest: InjectOptions) =>
      call({ url: `${JOBS}_u/completed/get_result_maybe/${id}`, ...rest });
    expect((await poll(mine.body, { headers })).statusCode).toBe(200);
    expect((await poll(other.body, { headers })).statusCode).toBe(404);
    const query = `${JOBS}_u/completed/get_result_maybe/${mine.body}?token=`;
    expect((await call({ url: `${query}${limited}`, headers: {} })).statusCode).toBe(200);
    expect((await call({ url: `${query}${TOKENS.admin}`, headers: {} })).statusCode).toBe(403);
  });
});

describe('001 bodies', () => {
  test('a file of multipart/form-data is kept, and can be read by whoever may see the workflow', async () => {
    const form = new FormData();
    form.set('name', 'Ada');
    form.set('report', new File(['hello'], 'report.txt', { type: 'text/plain' }));
    const request = new Request('http://localhost', { method: 'POST', body: form });
    const payload = Buffer.from(await request.arrayBuffer());
    const headers = {
      authorization: `Bearer ${TOKENS.admin}`,
      'content-type': request.headers.get('content-type') ?? '',
    };
    await call({ method: 'POST', url: `${JOBS}/run/p/${WORKFLOW}`, payload, headers });
    const input = (await lastInput()) as { name: string; report: readonly [{ s3: string }] };
    expect(input.name).toBe('Ada');
    const url = `/api/w/demo/job_helpers/download_s3_file?file_key=${encodeURIComponent(input.report[0].s3)}`;
    const read = (token: string) => call({ url, headers: { authorization: `Bearer ${token}` } });
    expect((await read(TOKENS.limited)).body).toBe('hello');
    expect((await read('no-token')).statusCode).toBe(401);
    const stranger = url.replace(encodeURIComponent(WORKFLOW), encodeURIComponent('tests/other'));
    expect((await call({ url: stranger, headers: { authorization: `Bearer ${TOKENS.limited}` } })).statusCode).toBe(
      404,
    );
  });

  const EVENT = { specversion: '1.0', id: '1', source: 'grid', type: 'made' };

  test('a structured CloudEvent: its envelope is WEBHOOK__METADATA__', async () => {
    const headers = { authorization: `Bearer ${TOKENS.admin}`, 'content-type': 'application/cloudevents+json' };
    const payload = JSON.stringify({ ...EVENT, data: { a: 1 } });
    await call({ method: 'POST', url: `${JOBS}/run/p/${WORKFLOW}`, payload, headers });
    expect(await lastInput()).toEqual({ a: 1, WEBHOOK__METADATA__: EVENT });
  });

  test('a binary CloudEvent is handled in the same way', async () => {
    const named = Object.fromEntries(Object.entries(EVENT).map(([name, value]) => [`ce-${name}`, value]));
    const headers = { authorization: `Bearer ${TOKENS.admin}`, ...JSON_TYPE, ...named };
    await call({ method: 'POST', url: `${JOBS}/run/p/${WORKFLOW}`, payload: '{"a":1}', headers });
    expect(await lastInput()).toMatchObject({ a: 1, WEBHOOK__METADATA__: EVENT });
  });

  test('a batch of CloudEvents: every one is started, which Windmill refuses', async () => {
    const headers = { authorization: `Bearer ${TOKENS.admin}`, 'content-type': 'application/cloudevents-batch+json' };
    const payload = JSON.stringify([{ ...EVENT, data: {} }, { id: '2' }]);
    const response = await call({ method: 'POST', url: `${JOBS}/run/p/${WORKFLOW}`, payload, headers });
    expect([response.statusCode, response.json()]).toMatchObject([
      207,
      {
        items: [
          { id: '1', status: 'accepted' },
          { index: 1, status: 'refused' },
        ],
      },
    ]);
  });
});
