/** What callers of endpoints (003) see beyond the document itself, which is in tests/dialects/documents. */
import { execFile } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Trigger, type WorkflowVersion } from '@millrace/contracts';
import { logBounds } from '@millrace/eventlog';
import { completed, dispatched, eventually, failed, started, triggerOf } from '@millrace/testkit';
import { type InjectOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { during, lastEvent, report } from '../../testing/play-executor.ts';
import { type ProjectedGateway, startProjectedGateway } from '../../testing/start-projected-gateway.ts';
import { TOKENS } from '../../testing/start-test-gateway.ts';

const KEY = 'a-key-of-this-workflow-alone';
const keys = [{ sha256: createHash('sha256').update(KEY).digest('hex') }];

const endpoint = (rest: Partial<Trigger> = {}): readonly Trigger[] => [
  triggerOf({ id: 'endpoints', dialect: 'endpoints', mode: 'sync', ...rest }),
];

const inputSchema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] };

/** The workflows of the document, and some more. */
const WORKFLOWS: Readonly<Record<string, Partial<WorkflowVersion>>> = {
  'tests/mine': { triggers: [...endpoint()] },
  'hooks/secure_endpoint': { triggers: [...endpoint()] },
  'hooks/github_webhook': { triggers: [...endpoint({ auth: 'public' })] },
  'hooks/flexible_endpoint': { triggers: [...endpoint({ methods: ['GET', 'POST'] })] },
  'hooks/long_running_task': { triggers: [...endpoint({ mode: 'async' })] },
  'hooks/own_key': { triggers: [...endpoint({ auth: 'workflow_key', keys })] },
  'hooks/typed': { inputSchema, triggers: [...endpoint()] },
  'a/same': { triggers: [...endpoint()] },
  'b/same': { triggers: [...endpoint()] },
  'hooks/plain': {},
};

let gateway: ProjectedGateway;
let enveloped: ProjectedGateway;
beforeAll(async () => {
  [gateway, enveloped] = await Promise.all([
    startProjectedGateway({ workflows: [] }),
    startProjectedGateway({ workflows: [], settings: { dialects: { endpoints: { body: 'envelope' } } } }),
  ]);
  for (const [path, version] of Object.entries(WORKFLOWS)) await gateway.deploy(path, version);
  await enveloped.deploy('tests/mine', WORKFLOWS['tests/mine']);
  await eventually(() => expect(gateway.catalog.entries().size).toBe(Object.keys(WORKFLOWS).length));
  await eventually(() => expect(enveloped.catalog.entries().size).toBe(1));
});
afterAll(() => Promise.all([gateway.stop(), enveloped.stop()]));

const bearer = (text: string) => ({ authorization: `Bearer ${text}` });

const call = (name: string, options: InjectOptions = {}, at: ProjectedGateway = gateway) =>
  at.app.inject({ method: 'POST', url: `/api/endpoints/${name}`, headers: bearer(TOKENS.run), ...options });

/** Calls, and lets the run end with what the workflow returned. */
const returning = (name: string, output: unknown, options: InjectOptions = {}, at: ProjectedGateway = gateway) =>
  during(
    at,
    () => call(name, options, at),
    async (runId) => report(at, completed({ runId, output })),
  );

const inputOf = async (): Promise<Readonly<Record<string, unknown>>> => {
  const { last } = await logBounds(gateway.connection, 0);
  expect(last).toBeGreaterThan(0);
  return ((await lastEvent(gateway)) as unknown as { data: { input: Readonly<Record<string, unknown>> } }).data.input;
};

/** The input that a call gives to a workflow which nobody waits for. */
const parametersOf = async (options: InjectOptions): Promise<Readonly<Record<string, unknown>>> => {
  expect((await call('long_running_task', options)).statusCode).toBe(200);
  return inputOf();
};

describe('who may call', () => {
  test.each<[string, string, Readonly<Record<string, string>>, number]>([
    [
      'X-Bifrost-Key counts before Authorization',
      'secure_endpoint',
      { 'x-bifrost-key': TOKENS.run, ...bearer('x') },
      200,
    ],
    ['an expired key', 'secure_endpoint', bearer(TOKENS.expired), 401],
    ['a key of another workflow', 'secure_endpoint', bearer(TOKENS.limited), 404],
    ['a key that is limited to the workflow', 'mine', bearer(TOKENS.limited), 200],
  ])('%s', async (_name, workflow, headers, status) => {
    const response = status === 200 ? await returning(workflow, {}, { headers }) : await call(workflow, { headers });
    expect(response.statusCode).toBe(status);
    if (status === 401) expect(response.json()).toEqual({ detail: 'Invalid or expired API key' });
  });
});

describe('addresses', () => {
  test.each(['nothing', 'plain', 'hooks/plain', 'constructor', ''])(
    '404 names what was not found: %j',
    async (name) => {
      const response = await call(name);
      expect([response.statusCode, response.json()]).toEqual([
        404,
        { detail: `Endpoint workflow '${name}' not found or not enabled` },
      ]);
      expect((await call(name, { headers: {} })).statusCode).toBe(401);
    },
  );

  test('a name of two workflows is 409, and the whole path still works', async () => {
    const response = await call('same');
    expect([response.statusCode, response.json()]).toEqual([
      409,
      { detail: expect.stringContaining('same') as string },
    ]);
    expect((await returning('a/same', 1)).json()).toBe(1);
  });

  test('a method that is not declared is 405 with Allow', async () => {
    const response = await call('secure_endpoint', { method: 'GET' });
    expect([response.statusCode, response.headers.allow, response.json()]).toEqual([
      405,
      'POST',
      { detail: 'Method GET not allowed. Allowed: POST' },
    ]);
    const { last } = await logBounds(gateway.connection, 0);
    expect((await call('flexible_endpoint', { method: 'HEAD' })).statusCode).toBe(405);
    expect((await logBounds(gateway.connection, 0)).last).toBe(last);
  });

  test('HEAD and unknown methods are told so by whatever key GET would be let in, and start nothing', async () => {
    const { last } = await logBounds(gateway.connection, 0);
    const asked = async (
      workflow: string,
      headers: Readonly<Record<string, string>>,
      method: 'HEAD' | 'PROPFIND' = 'HEAD',
    ) => {
      const { statusCode, headers: told } = await call(workflow, { method, headers });
      return [statusCode, told.allow];
    };
    expect(await asked('flexible_endpoint', { 'x-bifrost-key': TOKENS.run })).toEqual([405, 'GET, POST']);
    expect(await asked('secure_endpoint', { 'x-bifrost-key': TOKENS.run }, 'PROPFIND')).toEqual([405, 'POST']);
    expect(await asked('own_key', { 'x-bifrost-key': KEY })).toEqual([405, 'POST']);
    expect(await asked('github_webhook', {})).toEqual([405, 'POST']);
    expect(await asked('secure_endpoint', { 'x-bifrost-key': 'nobody' })).toEqual([401, undefined]);
    expect(await asked('nothing', {})).toEqual([401, undefined]);
    expect((await logBounds(gateway.connection, 0)).last).toBe(last);
  });

  test('input that the schema refuses is 422 with a detail and a pointer', async () => {
    const response = await call('typed', { payload: '{"n":"x"}' });
    expect([response.statusCode, response.json()]).toEqual([
      422,
      { detail: expect.stringContaining('n') as string, pointer: '/n' },
    ]);
    expect((await returning('typed', 1, { url: '/api/endpoints/typed?n=3' })).statusCode).toBe(200);
  });
});

describe('answers', () => {
  test('the answer names the run in a header', async () => {
    const response = await returning('secure_endpoint', { processed: true }, { payload: '{"data":"value"}' });
    expect([response.statusCode, response.json()]).toEqual([200, { processed: true }]);
    expect(response.headers['x-execution-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('a run that failed is 500 with what it said', async () => {
    const error = { code: 'exit_code', message: 'boom' };
    const response = await during(
      gateway,
      () => call('secure_endpoint'),
      (runId) => report(gateway, failed({ runId, error })),
    );
    expect([response.statusCode, response.json()]).toEqual([500, { detail: 'boom' }]);
  });

  test('clients of the source get the envelope where it is set', async () => {
    const response = await returning('mine', { a: 1 }, {}, enveloped);
    expect([response.statusCode, response.json()]).toEqual([
      200,
      {
        execution_id: response.headers['x-execution-id'],
        status: 'Success',
        message: null,
        result: { a: 1 },
        error: null,
        duration_ms: expect.any(Number) as number,
      },
    ]);
  });

  test('a run is polled with the key that started it, and with no other', async () => {
    const headers = bearer(TOKENS.run);
    const response = await call('long_running_task', { payload: '{"data":{}}' });
    const { execution_id: id, status } = response.json<{ execution_id: string; status: string }>();
    expect([response.statusCode, status]).toEqual([200, 'Pending']);
    const poll = async (path = '', as: Readonly<Record<string, string>> = headers) =>
      gateway.app.inject({ method: 'GET', url: `/api/executions/${id}${path}`, headers: as });
    expect((await poll('', { 'x-bifrost-key': TOKENS.run })).json()).toMatchObject({
      execution_id: id,
      status: 'Pending',
    });
    await report(gateway, dispatched({ runId: id }));
    await report(gateway, started({ runId: id }));
    await report(gateway, completed({ runId: id, output: { done: true } }));
    await eventually(async () =>
      expect((await poll('/result')).json()).toMatchObject({ status: 'Success', result: { done: true } }),
    );
    expect((await poll()).json()).toMatchObject({ workflow_name: 'long_running_task', input_data: { data: {} } });
    expect((await poll('/logs')).json()).toMatchObject({ execution_id: id, logs: [] });
    expect((await poll('', {})).statusCode).toBe(401);
    const other = await poll('', bearer(TOKENS.limited));
    expect([other.statusCode, other.json()]).toEqual([404, { detail: 'Execution not found' }]);
  });

  test('a run is cancelled with the same key', async () => {
    const { execution_id: id } = (await call('long_running_task')).json<{ execution_id: string }>();
    const url = `/api/executions/${id}/cancel`;
    const response = await gateway.app.inject({ method: 'POST', url, headers: bearer(TOKENS.run) });
    expect([response.statusCode, response.json()]).toEqual([200, { execution_id: id, status: 'Cancelling' }]);
    expect(await lastEvent(gateway)).toMatchObject({ type: 'dev.millrace.run.cancel.requested.v1', subject: id });
  });
});

describe('request data', () => {
  const url = '/api/endpoints/long_running_task';

  test('parameters hold no credential', async () => {
    const parameters = await parametersOf({ url: `${url}?query_param=x`, payload: '{"data":"value"}' });
    expect(parameters).toMatchObject({
      data: 'value',
      query_param: 'x',
      body: { data: 'value' },
      payload: { data: 'value' },
    });
    expect(parameters['headers']).toMatchObject({ host: expect.any(String) as string });
    expect(JSON.stringify(parameters)).not.toContain(TOKENS.run);
  });
});

const TYPESCRIPT = `
import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

const { raw_body: body, headers } = JSON.parse(readFileSync(process.env['MILLRACE_INPUT'] ?? '', 'utf8')) as {
  raw_body: string;
  headers: Record<string, string>;
};
const expected = 'sha256=' + createHmac('sha256', process.env['WEBHOOK_SECRET'] ?? '').update(body).digest('hex');
const given = headers['x-signature-256'] ?? '';
const isGood = given.length === expected.length && timingSafeEqual(Buffer.from(given), Buffer.from(expected));
const output = isGood ? { status: 'verified' } : [{ error: 'Invalid signature' }, 401];
writeFileSync(process.env['MILLRACE_OUTPUT'] ?? '', JSON.stringify(output));
`;

describe('a signature that the author checks, in TypeScript', () => {
  const FILE = 'verify.mts';
  const SECRET = 'webhook_secret';
  const body = '{"action": "opened",  "number": 1}';
  const sign = (text: string): string => `sha256=${createHmac('sha256', SECRET).update(text).digest('hex')}`;

  const verify = async (input: unknown): Promise<unknown> => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-verify-'));
    const path = (name: string): string => join(folder, name);
    try {
      await writeFile(path(FILE), TYPESCRIPT);
      await writeFile(path('input.json'), JSON.stringify(input));
      const env = { MILLRACE_INPUT: path('input.json'), MILLRACE_OUTPUT: path('output.json'), WEBHOOK_SECRET: SECRET };
      await promisify(execFile)(process.execPath, [path(FILE)], { env: { PATH: process.env['PATH'], ...env } });
      return JSON.parse(await readFile(path('output.json'), 'utf8')) as unknown;
    } finally {
      await rm(folder, { recursive: true });
    }
  };

  test.each([
    ['what was signed', sign(body), 200, { status: 'verified' }],
    ['another body', sign('{"action":"opened","number":1}'), 401, { error: 'Invalid signature' }],
    ['nothing', undefined, 401, { error: 'Invalid signature' }],
  ])('%s', async (_name, signature, status, answer) => {
    const headers = signature === undefined ? {} : { 'x-signature-256': signature };
    const response = await during(
      gateway,
      () => call('github_webhook', { headers, payload: body }),
      async (runId) => report(gateway, completed({ runId, output: await verify(await inputOf()) })),
    );
    expect([response.statusCode, response.json()]).toEqual([status, answer]);
  });
});
