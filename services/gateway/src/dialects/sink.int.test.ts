/** What servers and the desktop application of document 002 do beyond it: tests/dialects/documents has the document itself. */
import { createHash } from 'node:crypto';
import { type IncomingMessage, request } from 'node:http';
import { type Trigger } from '@millrace/contracts';
import { logBounds } from '@millrace/eventlog';
import { cancelled, completed, dispatched, eventually, failed, progressed, started } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { portOf } from '../port-of.ts';
import { during, lastEvent, report } from '../../testing/play-executor.ts';
import { type ProjectedGateway, startProjectedGateway } from '../../testing/start-projected-gateway.ts';
import { TOKENS } from '../../testing/start-test-gateway.ts';

const AUTH_TOKEN = 'your-auth-token';
const sha256 = createHash('sha256').update(AUTH_TOKEN).digest('hex');

const sink = (path: string, rest: Partial<Trigger> = {}): Trigger => ({
  id: path.replaceAll(/\W/g, '_'),
  dialect: 'sink',
  address: { app_id: 'app_abc123', path },
  methods: ['POST'],
  auth: 'public',
  mode: 'stream',
  enabled: true,
  ...rest,
});

const TRIGGERS: readonly Trigger[] = [
  sink('/webhook'),
  sink('/github-webhook'),
  sink('/api/v1/process', { auth: 'workflow_key', keys: [{ sha256 }] }),
  sink('/submit-form', { crossSite: true }),
  sink('/any', { methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], mode: 'async' }),
  sink('/get', { methods: ['GET'], mode: 'async' }),
  sink('/result', { mode: 'sync' }),
  sink('/token', { auth: 'token', mode: 'async' }),
  sink('/off', { enabled: false }),
];

const WORKFLOW = 'sinks/all';
let gateway: ProjectedGateway;
let server: string;
let desktop: string;

beforeAll(async () => {
  gateway = await startProjectedGateway({ settings: { dialects: { sink: { listen: 0 } } }, workflows: [] });
  await gateway.deploy(WORKFLOW, { triggers: [...TRIGGERS] });
  await eventually(() => expect(gateway.catalog.entries().size).toBe(1));
  const [side] = gateway.listeners;
  if (side === undefined) throw new Error('there is no second listener');
  await gateway.app.listen({ host: '127.0.0.1', port: 0 });
  await side.app.listen({ host: '127.0.0.1', port: side.port });
  server = `http://127.0.0.1:${portOf(gateway.app.server)}/sink/trigger/http/app_abc123`;
  desktop = `http://127.0.0.1:${portOf(side.app.server)}/app_abc123`;
});
afterAll(() => gateway.stop());

const call = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(path.startsWith('http') ? path : `${server}${path}`, { method: 'POST', ...init });

const framesOf = (text: string): readonly unknown[] =>
  text
    .split('\n\n')
    .filter((block) => block.startsWith('data: ') || block.startsWith('event: '))
    .map((block) => JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? '') as unknown);

const at = (runId: string) => ({ runId, workflow: WORKFLOW, time: '2026-01-02T03:04:06.678Z' });

/** What an executor says only counts of an attempt that was dispatched. */
const begin = async (runId: string): Promise<void> => {
  await report(gateway, dispatched(at(runId)));
  await report(gateway, started(at(runId)));
};

const complete = async (runId: string, output: unknown): Promise<void> => {
  await begin(runId);
  for (const percent of [25, 50, 100]) await report(gateway, progressed({ ...at(runId), percent }));
  await report(gateway, completed({ ...at(runId), output }));
};

/** Calls, lets the run complete with this output, and gives the whole answer. */
const follow = async (path: string, init: RequestInit = {}, ...given: readonly unknown[]) => {
  let id = '';
  const output = given.length === 0 ? { done: true } : given[0];
  const response = await during(
    gateway,
    () => call(path, init),
    async (runId) => {
      id = runId;
      await complete(runId, output);
    },
  );
  return { id, response, text: await response.text() };
};

const inputOf = async (): Promise<unknown> => ((await lastEvent(gateway)) as { data: { input: unknown } }).data.input;

describe('the answer', () => {
  test('a run that fails is 200 as well, and the last frame says how', async () => {
    const error = { code: 'exit_code', message: 'ended with exit code 1' };
    const response = await during(
      gateway,
      () => call('/webhook'),
      async (runId) => {
        await begin(runId);
        await report(gateway, failed({ ...at(runId), error }));
      },
    );
    expect(response.status).toBe(200);
    expect(framesOf(await response.text()).at(-1)).toMatchObject({
      type: 'complete',
      status: 'failed',
      output: null,
      error,
    });
  });

  test('named events are there for readers of the first servers', async () => {
    const { id, text } = await follow('/webhook', { headers: { accept: 'text/event-stream;events=named' } }, { a: 1 });
    const types = [...text.matchAll(/^event: (.*)$/gm)].map(([, type]) => type);
    expect(types).toEqual(['run_initiated', 'generic_result', 'completed']);
    expect(framesOf(text)).toMatchObject([
      { event_type: 'run_initiated', payload: { run_id: id } },
      { event_type: 'generic_result', payload: { a: 1 }, timestamp: { nanos_since_epoch: 678_000_000 } },
      { event_type: 'completed', payload: { run_id: id, status: 'completed', log_level: 1 } },
    ]);
  });

  test('a named stream tells of a run that was cancelled', async () => {
    const headers = { accept: 'text/event-stream;events=named' };
    const response = await during(
      gateway,
      () => call('/webhook', { headers }),
      async (runId) => {
        await begin(runId);
        await report(gateway, cancelled(at(runId)));
      },
    );
    expect(framesOf(await response.text()).slice(-2)).toMatchObject([
      { event_type: 'error', payload: { message: expect.any(String) as string } },
      { event_type: 'completed', payload: { status: 'cancelled', log_level: 3 } },
    ]);
  });

  test.each<[string, RequestInit]>([
    ['/webhook', { headers: { accept: 'application/json' } }],
    ['/webhook', { headers: { accept: 'application/json, text/plain, */*' } }],
    ['/result', {}],
  ])('later servers answer with the result as JSON: %s %j', async (path, init) => {
    const { response, text } = await follow(path, init, { answer: 42 });
    expect([response.status, response.headers.get('content-type')?.split(';')[0], text]).toEqual([
      200,
      'application/json',
      '{"answer":42}',
    ]);
  });

  test('without a result the JSON says that the event was triggered', async () => {
    const { id, text } = await follow('/result', {}, undefined);
    expect(JSON.parse(text)).toEqual({ triggered: true, run_id: id, message: 'Event triggered' });
  });

  test('a trigger that answers at once does not wait', async () => {
    const response = await call('/any');
    const { run_id: id } = (await response.json()) as { run_id: string };
    expect(response.status).toBe(200);
    expect(await lastEvent(gateway)).toMatchObject({ subject: id, data: { dialect: 'sink' } });
  });
});

describe('who may call', () => {
  const path = '/api/v1/process';

  test.each<[string, Readonly<Record<string, string>>]>([
    ['source: the bare token', { authorization: AUTH_TOKEN }],
    ['source: Bearer several times', { authorization: `Bearer Bearer ${AUTH_TOKEN}` }],
    ['source: bearer in any case', { authorization: `bearer ${AUTH_TOKEN}` }],
    ['source: x-flow-like-authorization', { 'x-flow-like-authorization': AUTH_TOKEN, authorization: 'Basic abc' }],
  ])('%s', async (_name, headers) => {
    const { response } = await follow(path, { headers });
    expect(response.status).toBe(200);
  });

  test.each<[Readonly<Record<string, string>>]>([
    [{ authorization: 'Bearer wrong' }],
    [{ authorization: AUTH_TOKEN.toUpperCase() }],
    [{ 'x-bifrost-key': AUTH_TOKEN }],
  ])('another credential is 401, and nothing is recorded: %j', async (headers) => {
    const { last } = await logBounds(gateway.connection, 0);
    const response = await call(path, { headers });
    expect([response.status, await response.json()]).toEqual([
      401,
      { triggered: false, run_id: null, message: 'Invalid or missing auth token' },
    ]);
    expect((await logBounds(gateway.connection, 0)).last).toBe(last);
  });

  test('a sink that says nothing about who may call it wants a token of this server', async () => {
    expect((await call('/token')).status).toBe(401);
    const response = await call('/token', { headers: { authorization: `Bearer ${TOKENS.run}` } });
    expect(response.status).toBe(200);
  });

  test('pages of other sites may call a sink that says so, after a preflight', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', 'content-type': 'application/x-www-form-urlencoded' };
    const { response } = await follow('/submit-form', { headers, body: 'name=Ada&tag=a&tag=b' });
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
    const preflight = await call('/submit-form', { method: 'OPTIONS', headers: { 'sec-fetch-site': 'cross-site' } });
    expect([preflight.status, preflight.headers.get('access-control-allow-methods')]).toEqual([204, 'POST']);
    expect((await call('/webhook', { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403);
  });
});

describe('addresses', () => {
  test('a method that is not declared is 405 with Allow, and HEAD runs nothing', async () => {
    const { last } = await logBounds(gateway.connection, 0);
    const wrong = await call('/get');
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET']);
    const head = await call('/get', { method: 'HEAD' });
    expect([head.status, head.headers.get('allow')]).toEqual([405, 'GET']);
    expect((await logBounds(gateway.connection, 0)).last).toBe(last);
  });

  /** Sent as it is: `fetch` refuses some of these. */
  const statusOf = async (url: string, method: string): Promise<readonly unknown[]> => {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      request(url, { method, agent: false }, resolve).on('error', reject).end();
    });
    answer.resume();
    return [answer.statusCode, answer.headers.allow];
  };

  test.each(['TRACE', 'PROPFIND', 'MKCOL', 'LOCK', 'QUERY', 'M-SEARCH', 'HEAD'])(
    '%s is 405 with Allow on both listeners, and runs nothing',
    async (method) => {
      const { last } = await logBounds(gateway.connection, 0);
      const refused = [405, 'DELETE, GET, PATCH, POST, PUT'];
      expect(await statusOf(`${server}/any`, method)).toEqual(refused);
      expect(await statusOf(`${desktop}/any`, method)).toEqual(refused);
      expect((await logBounds(gateway.connection, 0)).last).toBe(last);
    },
  );

  test.each(['/none', '/off', '/', '/webhook/', '/Webhook'])('there is no sink at %s: 404', async (path) => {
    const response = await call(path, { headers: { authorization: `Bearer ${TOKENS.admin}` } });
    expect([response.status, await response.json()]).toEqual([
      404,
      { triggered: false, run_id: null, message: 'Route not found' },
    ]);
  });

  test('a body of more than 10 MiB is 400', async () => {
    const response = await call('/any', { body: 'x'.repeat(10 * 1_048_576 + 1) });
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: { code: 'BAD_REQUEST', message: 'Failed to read request body' } },
    ]);
  });

  test('a text of more than 1 MiB is more than a run may have; a file is none of its input', async () => {
    const big = 'x'.repeat(3 * 1_048_576);
    const response = await call('/any', { body: big });
    expect([response.status, await response.json()]).toMatchObject([400, { error: { code: 'BAD_REQUEST' } }]);
    const body = new FormData();
    body.append('note', 'a');
    body.append('file', new Blob([big], { type: 'text/plain' }), 'big.txt');
    expect((await call('/any', { body })).status).toBe(200);
    expect(await inputOf()).toMatchObject({ note: 'a', file: { filename: 'big.txt', size: big.length } });
  });
});

describe('the desktop application', () => {
  test.each<[string, number, string]>([
    ['/none', 404, 'Route not found'],
    ['/api/v1/process', 401, 'Invalid auth token'],
  ])('%s is answered %s with a text', async (path, status, text) => {
    const response = await call(`${desktop}${path}`);
    expect([response.status, await response.text()]).toEqual([status, text]);
  });

  test('GET /health says OK', async () => {
    const response = await fetch(new URL('/health', desktop));
    expect([response.status, await response.text()]).toEqual([200, 'OK']);
  });

  test('without a result it says that the event was triggered', async () => {
    const { text } = await follow(`${desktop}/result`, {}, undefined);
    expect(text).toBe('Event triggered');
  });

  test('it is guarded as the main listener is', async () => {
    const side = gateway.listeners[0]?.app;
    const response = await side?.inject({ method: 'POST', url: '/app_abc123/any', headers: { host: 'evil.test' } });
    expect(response?.statusCode).toBe(421);
  });
});

test('GET /api/v1/execution/run/{run_id} tells where a run is', async () => {
  const { id } = await follow('/webhook', { body: '{"a":1}' }, 'x');
  const url = `/api/v1/execution/run/${id}`;
  await eventually(async () =>
    expect((await gateway.call({ method: 'GET', url })).json()).toMatchObject({
      run_id: id,
      board_id: WORKFLOW,
      status: 'Completed',
      progress: 100,
      input_payload_len: 7,
      output_payload_len: 3,
    }),
  );
});
