/** Every sentence of document 001 that a caller can try, on the whole product, with plain HTTP. */
import { eventually, startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { statusOf, untilState } from './runs.ts';

const ECHO = '#!/bin/sh\ncp "$MILLRACE_INPUT" "$MILLRACE_OUTPUT"\n';
const ROUTE = 'triggers:\n  - dialect: windmill\n    id: order\n    route: orders/:id\n    methods: [PUT]\n';
const JOBS = '/api/w/demo/jobs';
const SYNC = `${JOBS}/run_wait_result`;
const HELLO = 'u/bot/hello_world_deno';

let platform: TestPlatform;
const http = () => platform.http;

const sync = async (args: unknown, query = '') => http().post(`${SYNC}/p/${HELLO}${query}`, { body: args });
const hashOf = async (path: string): Promise<string> =>
  ((await http().get(`/workflows/${path}`)).json as { version: string }).version.slice(0, 16);

const newToken = async (scopes: readonly string[]): Promise<string> =>
  ((await http().post('/tokens', { body: { label: 'webhook-test', scopes } })).json as { token: string }).token;

beforeAll(async () => {
  platform = await startTestPlatform({
    workflows: {
      [`${HELLO}.sh`]: ECHO,
      'u/bot/other.sh': ECHO,
      'u/bot/fail.sh': '#!/bin/sh\necho "no such order" >&2\nexit 3\n',
      'u/bot/slow.sh': '#!/bin/sh\necho begun\nsleep 30\n',
      'u/bot/early.sh': '#!/bin/sh\necho \'::respond {"ok":true}\'\nsleep 1\necho \'"late"\'\n',
      'u/bot/lines.sh': '#!/bin/sh\necho one\nsleep 0.3\necho two\n',
      'shop/order.sh': ECHO,
      'shop/order.yaml': ROUTE,
      'f/team/versioned.sh': '#!/bin/sh\necho 1\n',
    },
  });
});
afterAll(() => platform.stop());

describe('001 addresses', () => {
  test('001 each script has webhooks of its own, with no declaration', async () => {
    expect((await http().post(`${JOBS}/run/p/${HELLO}`, { body: {} })).status).toBe(201);
  });

  test('001 the path triggers the latest version, the hash the same version for ever, even with overwrites', async () => {
    const first = await hashOf('f/team/versioned');
    platform.saveWorkflow('f/team/versioned.sh', '#!/bin/sh\necho 2\n');
    await eventually(async () => expect((await http().post(`${SYNC}/p/f/team/versioned`)).json).toBe(2));
    const second = await hashOf('f/team/versioned');
    expect((await http().post(`${SYNC}/h/${first}`)).json).toBe(1);
    expect((await http().post(`${SYNC}/h/${second}`)).json).toBe(2);
    expect((await http().post(`${SYNC}/fv/${BigInt(`0x${first}`)}`)).json).toBe(1);
    expect((await http().get(`${SYNC}/fv/${BigInt(`0x${second}`)}`)).json).toBe(2);
  });

  test('001 asynchronous: the answer is the uuid of the job, and the get-job call has status and result', async () => {
    const { text, status } = await http().post(`${JOBS}/run/p/${HELLO}`, { body: { a: 1 } });
    expect([status, text]).toEqual([201, expect.stringMatching(/^[0-9a-f-]{36}$/)]);
    await eventually(async () =>
      expect((await http().get(`${JOBS}_u/get/${text}`)).json).toMatchObject({
        type: 'CompletedJob',
        success: true,
        result: { a: 1 },
      }),
    );
  });

  test('001 synchronous: the answer is the result of the script', async () => {
    const { status, json } = await sync({ a: 1 });
    expect([status, json]).toEqual([200, { a: 1 }]);
  });

  test('001 the format of the endpoint: run_wait_result/$SCRIPT_PATH', async () => {
    expect((await http().post(`${SYNC}/${HELLO}`, { body: { a: 1 } })).json).toEqual({ a: 1 });
  });

  test('001 GET: the payload is in the query, JSON in URL-safe base64', async () => {
    const payload = encodeURIComponent(btoa(JSON.stringify({ a: 2 })));
    expect((await http().get(`${SYNC}/p/${HELLO}?payload=${payload}`)).json).toEqual({ a: 2 });
  });

  test('001 an error of the script: still 200, with the error as a JSON object', async () => {
    const { status, json } = await http().post(`${SYNC}/p/u/bot/fail`);
    expect([status, json]).toEqual([
      200,
      { error: { name: 'ExecutionErr', message: expect.stringContaining('no such order') as string, stack: '' } },
    ]);
  });

  test('001 a caller that goes away ends the job it waits for', async () => {
    const gone = new AbortController();
    const headers = { authorization: `Bearer ${platform.token}` };
    const url = `${platform.url}${SYNC}/p/u/bot/slow`;
    const call = fetch(url, { method: 'POST', headers, signal: gone.signal }).catch(() => undefined);
    const running = await eventually(async () => {
      const { json, status, text } = await http().get('/runs?workflow=u/bot/slow&status=running');
      if (status !== 200) throw new Error(text);
      const [run] = (json as { runs: readonly { run_id: string }[] }).runs;
      if (run === undefined) throw new Error('not yet');
      return run.run_id;
    });
    gone.abort();
    await call;
    await untilState(http(), running, 'cancelled');
  });
});

describe('001 tokens', () => {
  test('001 a webhook-specific token triggers one script and does nothing else', async () => {
    const token = await newToken([`run:${HELLO}`]);
    expect((await http().post(`${SYNC}/p/${HELLO}`, { token, body: {} })).status).toBe(200);
    expect((await http().post(`${SYNC}/p/u/bot/other`, { token, body: {} })).status).toBe(404);
    expect((await http().get('/tokens', { token })).status).toBe(403);
  });

  test('001 the token as header, and as query parameter', async () => {
    const token = await newToken([`run:${HELLO}`]);
    const options = { token: null, body: {} };
    const inHeader = { ...options, headers: { authorization: `Bearer ${token}` } };
    expect((await http().post(`${SYNC}/p/${HELLO}`, inHeader)).status).toBe(200);
    expect((await http().post(`${SYNC}/p/${HELLO}?token=${token}`, options)).status).toBe(200);
    expect((await http().post(`${SYNC}/p/${HELLO}`, options)).status).toBe(401);
  });

  test('001 the job can be seen among the runs', async () => {
    const { text } = await http().post(`${JOBS}/run/p/${HELLO}`, { body: {} });
    expect(await statusOf(http(), text)).toMatchObject({ workflow: HELLO });
  });
});

describe('001 arguments', () => {
  test('001 include_header: request headers as arguments', async () => {
    const headers = { 'X-Sign': 's', foo: 'f' };
    const { json } = await http().post(`${SYNC}/p/${HELLO}?include_header=X-Sign,foo`, { headers, body: {} });
    expect(json).toEqual({ x_sign: 's', foo: 'f' });
  });

  test('001 include_query: query arguments as arguments', async () => {
    const { json } = await http().get(`${SYNC}/p/${HELLO}?include_query=a,b,c&a=foo&b=bar&c=foobar`);
    expect(json).toEqual({ a: 'foo', b: 'bar', c: 'foobar' });
  });

  test('001 [1,2,3] => {"body": [1,2,3]}', async () => {
    expect((await sync([1, 2, 3])).json).toEqual({ body: [1, 2, 3] });
  });

  test('001 wrap_body=true forces the payload into body', async () => {
    expect((await sync({ a: 1 }, '?wrap_body=true')).json).toEqual({ body: { a: 1 } });
  });

  test('001 raw=true adds raw_string, the entire payload without any parsing', async () => {
    expect((await sync('{"a": 1}', '?raw=true')).json).toEqual({ a: 1, raw_string: '{"a": 1}' });
  });

  test('001 behind a proxy: a POST whose arguments are in payload', async () => {
    const payload = encodeURIComponent(btoa(JSON.stringify({ a: 2 })));
    expect((await sync({}, `?payload=${payload}`)).json).toEqual({ a: 2 });
  });

  test('001 a CloudEvent: its envelope is WEBHOOK__METADATA__', async () => {
    const envelope = { specversion: '1.0', id: '1', source: 'grid', type: 'made' };
    const headers = { 'content-type': 'application/cloudevents+json' };
    const { json } = await http().post(`${SYNC}/p/${HELLO}`, { headers, body: { ...envelope, data: { a: 1 } } });
    expect(json).toEqual({ a: 1, WEBHOOK__METADATA__: envelope });
  });
});

describe('custom routes', () => {
  test('a declared route starts its workflow, with the parameters of the path, and waits for it', async () => {
    const answer = await http().call('PUT', '/api/r/orders/7', { body: { amount: 3 } });
    expect([answer.status, answer.json]).toEqual([200, { amount: 3, id: '7' }]);
    expect((await http().call('PUT', '/api/r/orders/7', { token: null, body: {} })).status).toBe(401);
    expect((await http().post('/api/r/orders/7')).status).toBe(405);
  });

  test('a second workflow cannot take the same route', async () => {
    platform.saveWorkflow('shop/rival.yaml', ROUTE.replace(':id', ':other'));
    platform.saveWorkflow('shop/rival.sh', ECHO);
    await eventually(async () => {
      const { json } = await http().get('/workflows/shop/rival');
      expect((json as { problem?: { reason: string } }).problem?.reason).toContain('shop/order');
    });
  });
});

describe('001 answers', () => {
  test('001 windmill_status_code: {"Hello":"World"} with 201', async () => {
    const { status, text } = await sync({ windmill_status_code: 201, result: { Hello: 'World' } });
    expect([status, text]).toEqual([201, '{"Hello":"World"}']);
  });

  test('001 an invalid status code is an error', async () => {
    expect((await sync({ windmill_status_code: 1_000, result: 1 })).status).toBe(500);
  });

  test('001 windmill_content_type: Hello;World as text/csv', async () => {
    const { headers, text } = await sync({ windmill_content_type: 'text/csv', result: 'Hello;World' });
    expect([headers.get('content-type'), text]).toEqual(['text/csv', 'Hello;World']);
  });

  test('001 return early: the answer comes at once, and the rest goes on', async () => {
    const { status, json } = await http().post(`${SYNC}/p/u/bot/early`);
    expect([status, json]).toEqual([200, { ok: true }]);
    await eventually(async () => {
      const { json: page, status: found, text } = await http().get('/runs?workflow=u/bot/early&status=completed');
      if (found !== 200) throw new Error(text);
      expect((page as { runs: readonly unknown[] }).runs).toHaveLength(1);
    });
  });

  test('run_and_stream tells what the job writes as it writes it, and its result at last', async () => {
    const { text, headers } = await http().post(`${JOBS}/run_and_stream/p/u/bot/lines`);
    expect(headers.get('content-type')).toBe('text/event-stream');
    const frames = text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line.slice('data: '.length)) as Readonly<Record<string, unknown>>);
    expect(frames.flatMap(({ new_logs: logs }) => (typeof logs === 'string' ? [logs] : [])).join('')).toBe(
      'one\ntwo\n',
    );
    expect(frames.at(-1)).toMatchObject({ type: 'update', completed: true, only_result: null, log_offset: 8 });
    expect(frames.at(-1)?.['job']).toMatchObject({ type: 'CompletedJob', success: true });
  });
});
