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

  test('a webhook-specific token may poll what it started, and nothing that others did', async () => {
    const headers = { authorization: `Bearer ${TOKENS.webhook}` };
    const start = async (rest: InjectOptions) =>
      (await call({ method: 'POST', url: `${JOBS}/run/p/${WORKFLOW}`, ...rest })).body;
    const mine = await start({ headers });
    const foreign = [await start({}), (await call({ method: 'POST', url: `${JOBS}/run/p/tests/other` })).body];
    const at = (url: string, rest: InjectOptions = { headers }) => call({ url, ...rest });
    const poll = `${JOBS}_u/completed/get_result_maybe/`;
    expect((await at(`${poll}${mine}`)).statusCode).toBe(200);
    for (const id of foreign) {
      const refused = [`${poll}${id}`, `${JOBS}_u/get/${id}`, `/runs/${id}`, `/runs/${id}/logs`, `/status/${id}`];
      for (const url of refused) expect([url, (await at(url)).statusCode]).toEqual([url, 404]);
    }
    expect((await at('/runs')).json()).toMatchObject({ runs: [] });
    expect((await at(`${poll}${mine}?token=${TOKENS.webhook}`, { headers: {} })).statusCode).toBe(200);
    expect((await at(`${poll}${mine}?token=${TOKENS.admin}`, { headers: {} })).statusCode).toBe(403);
  });

  test('a webhook-specific token ends no job, not even its own', async () => {
    const headers = { authorization: `Bearer ${TOKENS.webhook}` };
    const mine = await call({ method: 'POST', url: `${JOBS}/run/p/${WORKFLOW}`, headers });
    const foreign = await call({ method: 'POST', url: `${JOBS}/run/p/${WORKFLOW}` });
    const cancel = (id: string) => call({ method: 'POST', url: `${JOBS}_u/queue/cancel/${id}`, headers, payload: {} });
    expect([(await cancel(mine.body)).statusCode, (await cancel(foreign.body)).statusCode]).toEqual([403, 404]);
  });

  // Starting the workflow of the first tests, and another one.
  test.each([
    ['jobs:run', 201, 201],
    ['jobs:run:scripts', 201, 201],
    ['jobs:run:flows', 201, 201],
    [`jobs:run:scripts:${WORKFLOW}`, 201, 404],
    [`jobs:run:flows:${WORKFLOW}`, 201, 404],
    [`jobs:run:scripts:tests/other,${WORKFLOW}`, 201, 201],
    ['jobs:run:scripts:tests/*', 201, 201],
    ['jobs:run:scripts:f/*', 404, 404],
  ])('1.2 the scope %s', async (scope, ofMine, ofOther) => {
    const made = await gateway.call({ method: 'POST', url: '/tokens', payload: { scopes: [scope] } });
    const headers = { authorization: `Bearer ${made.json<{ token: string }>().token}` };
    const start = (path: string) => call({ method: 'POST', url: `${JOBS}/run/p/${path}`, headers });
    expect([(await start(WORKFLOW)).statusCode, (await start('tests/other')).statusCode]).toEqual([ofMine, ofOther]);
  });

  test.each(['jobs', 'jobs:read', 'jobs:run:', 'jobs:run:scripts:', 'jobs:run:apps:a/b', '*', 'jobs:run:scripts:a b'])(
    '1.2 %j is no scope here',
    async (scope) => {
      const made = await gateway.call({ method: 'POST', url: '/tokens', payload: { scopes: [scope] } });
      expect(made.statusCode).toBe(400);
    },
  );
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
