import { lastEvent } from '../testing/play-executor.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { logBounds } from '@millrace/eventlog';
import { claimDatabase, claimNats, eventually } from '@millrace/testkit';
import { startTestGateway, type TestGateway } from '../testing/start-test-gateway.ts';

const SCHEMA = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'], additionalProperties: false };
const MEGABYTE = 1_048_576;

let gateway: TestGateway;

beforeAll(async () => {
  const [natsUrl, databaseUrl] = [claimNats().url, (await claimDatabase()).url];
  gateway = await startTestGateway({ natsUrl, databaseUrl });
  await gateway.deploy('tests/mine');
  await gateway.deploy('tests/deep/er');
  await gateway.deploy('tests/typed', { inputSchema: SCHEMA });
  await gateway.deploy('tests/declared', { env: ['TARGET'] });
  await gateway.deploy('tests/methods', { methods: ['PUT', 'GET'] });
  await gateway.deploy('tests/strict', {
    policy: { timeoutMs: 1_000, onLimit: 'reject', retries: { failed: 0, lost: 0 } },
  });
  const problem = { file: 'tests/broken.sh', line: 3, reason: 'syntax error', at: '2026-01-01T00:00:00Z' };
  await gateway.catalog.put({ workspace: 'default', path: 'tests/broken', problem });
  await eventually(() => expect(gateway.catalog.entries().size).toBe(7));
});
afterAll(() => gateway.close());

const run = (payload?: string | object, headers: Record<string, string> = {}, path = 'tests/mine') =>
  gateway.call({ method: 'POST', url: `/run/${path}`, headers, ...(payload === undefined ? {} : { payload }) });

const runIdOf = (response: { json: () => unknown }): string => (response.json() as { run_id: string }).run_id;

describe('POST /run', () => {
  test('answers 202 with where to look, and the request stands in the log', async () => {
    const response = await run('{"env":{"TARGET":"a"},"n":1}', { 'content-type': 'application/x-www-form-urlencoded' });
    const runId = runIdOf(response);
    expect([response.statusCode, response.headers.location]).toEqual([202, `/runs/${runId}`]);
    expect(response.json()).toEqual({
      run_id: runId,
      status: 'accepted',
      task_ref: 'tests/mine',
      status_url: `/status/${runId}`,
      events_url: `/runs/${runId}/events`,
    });
    expect(await lastEvent(gateway)).toMatchObject({
      type: 'dev.millrace.run.requested.v1',
      subject: runId,
      workflow: 'tests/mine',
      data: { input: { n: 1 }, env: { TARGET: 'a' }, dialect: 'serve', requestedBy: 'admin', kind: 'script' },
    });
  });

  test('takes the member input as the input, and no body as an empty one', async () => {
    await run({ input: [1, null], env: {} });
    expect(await lastEvent(gateway)).toMatchObject({ data: { input: [1, null], env: {} } });
    await run();
    expect(await lastEvent(gateway)).toMatchObject({ data: { input: {}, env: {} } });
  });

  test.each(['text/plain', 'application/json; charset=utf-8', 'multipart/form-data; boundary=x'])(
    'reads JSON whatever the content type says: %j',
    async (type) => {
      expect((await run('{"n":7}', { 'content-type': type })).statusCode).toBe(202);
      expect(await lastEvent(gateway)).toMatchObject({ data: { input: { n: 7 } } });
    },
  );

  test.each([
    [{ 'content-type': 'application/json\ta' }, 'http.media_type'],
    [{ 'content-type': 'nonsense' }, 'http.media_type'],
    [{ 'content-encoding': 'gzip' }, 'http.content_encoding'],
  ])('answers 415 to %j, on this route and on our own', async (headers, code) => {
    const { last } = await logBounds(gateway.connection, 0);
    expect((await run('{"n":7}', headers)).json()).toMatchObject({ status: 415, code });
    const own = await gateway.call({ method: 'POST', url: '/tokens', headers, payload: '{"scopes":["read"]}' });
    expect([own.statusCode, (await logBounds(gateway.connection, 0)).last]).toEqual([415, last]);
  });

  test('keeps NUL and lone surrogates', async () => {
    await run('{"text":"a\\u0000b\\ud800"}');
    expect(await lastEvent(gateway)).toMatchObject({ data: { input: { text: 'a\0b\ud800' } } });
  });

  test('goes on with the trace of the caller, and begins one of its own otherwise', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    await run({}, { traceparent: `00-${traceId}-00f067aa0ba902b7-01` });
    expect((await lastEvent(gateway))?.traceparent).toMatch(
      new RegExp(`^00-${traceId}-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$`),
    );
    await run({}, { traceparent: 'garbage' });
    expect((await lastEvent(gateway))?.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
  });

  test('finds nested folders, and takes a dot for a slash as old clients write it', async () => {
    expect((await run({}, {}, 'tests/deep/er')).json()).toMatchObject({ task_ref: 'tests/deep/er' });
    expect((await run({}, {}, 'tests.mine')).json()).toMatchObject({ task_ref: 'tests/mine' });
  });

  test.each(['a/b', 'tests%2Fmine', 'tests/mine/', 'tests', '__proto__/x', 'tests/mine%00', 'tests/mine;x'])(
    'answers 404 for %j',
    async (path) => {
      const response = await run({}, {}, path);
      expect([response.statusCode, response.json()]).toEqual([404, { error: `task not found: ${path}` }]);
    },
  );

  test('answers 409 with the reason for a workflow that was never deployed well', async () => {
    expect((await run({}, {}, 'tests/broken')).json()).toMatchObject({
      status: 409,
      code: 'workflow.not_in_service',
      detail: expect.stringContaining('syntax error') as string,
    });
  });

  test.each<[string, string, string]>([
    ['{"env":', 'body.invalid_json', 'not valid JSON'],
    ['[]', 'body.not_object', 'object'],
    ['"x"', 'body.not_object', 'object'],
    ['null', 'body.not_object', 'object'],
    ['{"env":[]}', 'env.not_object', 'environment'],
    ['{"env":{"TARGET":1}}', 'env.not_text', 'TARGET'],
    ['{"env":{"LD_PRELOAD":"x"}}', 'env.denied', 'LD_PRELOAD'],
    ['{"env":{"__proto__":"x"}}', 'body.forbidden_name', '__proto__'],
    ['{"a":{"__proto__":{"polluted":1}}}', 'body.forbidden_name', '__proto__'],
    [`${'['.repeat(65)}${']'.repeat(65)}`.replace(/^/, '{"a":').concat('}'), 'body.too_deep', '64'],
    [
      JSON.stringify(Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`k${i}`, 0]))),
      'body.too_many_members',
      '10000',
    ],
  ])('answers 400 to %s', async (body, code, words) => {
    const response = await run(body);
    expect(response.statusCode).toBe(400);
    expect(response.headers['content-type']).toContain('application/problem+json');
    expect(response.json()).toMatchObject({ code, status: 400, detail: expect.stringContaining(words) as string });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('takes declared names only, where names are declared', async () => {
    expect((await run({ env: { TARGET: 'a' } }, {}, 'tests/declared')).statusCode).toBe(202);
    expect((await run({ env: { OTHER: 'a' } }, {}, 'tests/declared')).json()).toMatchObject({ code: 'env.undeclared' });
  });

  test('checks the input against the schema of the workflow and says what does not fit', async () => {
    expect((await run({ input: { n: 1 } }, {}, 'tests/typed')).statusCode).toBe(202);
    expect((await run({ input: { n: 'x' } }, {}, 'tests/typed')).json()).toMatchObject({
      code: 'input.invalid',
      detail: 'input.n must be integer',
    });
    expect((await run({ input: { n: 1, m: 2 } }, {}, 'tests/typed')).json()).toMatchObject({
      detail: expect.stringContaining('m') as string,
    });
  });

  test('takes 1,048,576 bytes and not one more', async () => {
    const bodyOf = (bytes: number): string => `{"text":"${'a'.repeat(bytes - 11)}"}`;
    expect((await run(bodyOf(MEGABYTE))).statusCode).toBe(202);
    const response = await run(bodyOf(MEGABYTE + 1));
    expect([response.statusCode, response.json()]).toEqual([
      413,
      { error: 'request body too large', max_bytes: MEGABYTE },
    ]);
  });

  test('is started by the methods of the workflow only, and never by HEAD', async () => {
    const call = (method: 'GET' | 'PUT' | 'POST' | 'HEAD', path: string) =>
      gateway.call({ method, url: `/run/${path}` });
    expect((await call('PUT', 'tests/methods')).statusCode).toBe(202);
    expect((await call('GET', 'tests/methods')).statusCode).toBe(202);
    const refused = await call('POST', 'tests/methods');
    expect([refused.statusCode, refused.headers.allow]).toEqual([405, 'GET, PUT']);
    expect((await call('GET', 'tests/mine')).statusCode).toBe(405);
    const { last } = await logBounds(gateway.connection, 0);
    expect((await call('HEAD', 'tests/methods')).statusCode).toBe(405);
    expect((await logBounds(gateway.connection, 0)).last).toBe(last);
  });
});

describe('Idempotency-Key', () => {
  const keyed = (key: string, payload: object = { n: 1 }, as: 'admin' | 'run' = 'admin', path = 'tests/mine') =>
    gateway.call({ method: 'POST', url: `/run/${path}`, as, headers: { 'idempotency-key': key }, payload });

  test('makes one run of many requests, also at the same time', async () => {
    const responses = await Promise.all(Array.from({ length: 8 }, () => keyed('same')));
    expect(responses.map(({ statusCode }) => statusCode)).toEqual(Array(8).fill(202));
    expect(new Set(responses.map(runIdOf)).size).toBe(1);
    expect(responses.filter(({ headers }) => headers['idempotency-replayed'] === 'true')).toHaveLength(7);
  });

  test('refuses another body under the same key and names the first run', async () => {
    const first = runIdOf(await keyed('other'));
    const second = await keyed('other', { n: 2 });
    expect([second.statusCode, second.json()]).toMatchObject([409, { code: 'idempotency.key_reused', run_id: first }]);
  });

  test('belongs to the token and the workflow', async () => {
    const mine = runIdOf(await keyed('shared'));
    expect(runIdOf(await keyed('shared', { n: 1 }, 'run'))).not.toBe(mine);
    expect(runIdOf(await keyed('shared', { n: 1 }, 'admin', 'tests/deep/er'))).not.toBe(mine);
    expect(runIdOf(await keyed('shared'))).toBe(mine);
  });

  test('has 1 to 255 characters', async () => {
    expect((await keyed('k'.repeat(255))).statusCode).toBe(202);
    expect((await keyed('k'.repeat(256))).json()).toMatchObject({ status: 400, code: 'idempotency.invalid_key' });
  });
});
