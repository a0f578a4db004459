import { type InjectOptions } from 'fastify';
import { type Trigger } from '@millrace/contracts';
import { sha256Hex } from '@millrace/runtime';
import { eventually } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ProjectedGateway, startProjectedGateway } from '../../testing/start-projected-gateway.ts';
import { TOKENS } from '../../testing/start-test-gateway.ts';
import { JSON_TYPE, WORKFLOW, windmillClient } from '../../testing/windmill-client.ts';

const KEY = 'a-key-of-this-trigger';

const route = (id: string, path: string, rest: Partial<Trigger> = {}): Trigger => ({
  id,
  dialect: 'windmill',
  address: { route: path },
  methods: ['POST'],
  auth: 'public',
  mode: 'async',
  enabled: true,
  ...rest,
});

const TRIGGERS = [
  route('order', 'orders/:id', { methods: ['PUT'] }),
  route('files', 'files/*', { address: { route: 'files/*', raw: true, include_query: ['a'] } }),
  route('keyed', 'keyed', { auth: 'workflow_key', keys: [{ sha256: sha256Hex(KEY) }] }),
  route('token', 'token', { auth: 'token' }),
  route('off', 'off', { enabled: false }),
  route('status', 'status', { response: { accepted: 200 } }),
  route('team', 'team', { address: { route: 'team', workspaced: true } }),
];

let gateway: ProjectedGateway;
const { call, lastInput } = windmillClient(() => gateway);

beforeAll(async () => {
  gateway = await startProjectedGateway({ workflows: [WORKFLOW] });
  await gateway.deploy('tests/routed', { triggers: TRIGGERS });
  await eventually(() => expect(gateway.catalog.entries().size).toBe(2));
});
afterAll(() => gateway.stop());

describe('001 custom routes', () => {
  const open = (options: InjectOptions) => call({ method: 'POST', headers: {}, ...options });

  test('parameters of the path are arguments', async () => {
    const response = await open({ method: 'PUT', url: '/api/r/orders/a%20b', payload: { n: 1 } });
    expect([response.statusCode, await lastInput()]).toEqual([201, { n: 1, id: 'a b' }]);
  });

  test('a wildcard, raw bodies and named query parameters', async () => {
    await open({ url: '/api/r/files/a/b.txt?a=1&b=2', payload: '{"n":1}', headers: JSON_TYPE });
    expect(await lastInput()).toEqual({ n: 1, a: '1', path: 'a/b.txt', raw_string: '{"n":1}' });
  });

  test('the name of a workspace stands before the path where the trigger says so', async () => {
    expect((await open({ url: '/api/r/demo/team' })).statusCode).toBe(201);
    expect((await open({ url: '/api/r/team' })).statusCode).toBe(404);
  });

  test('the status of the answer is the trigger’s', async () => {
    expect((await open({ url: '/api/r/status' })).statusCode).toBe(200);
  });

  test.each<[string, InjectOptions, number, string]>([
    ['nothing there', { url: '/api/r/absent' }, 404, 'Not found: Trigger not found'],
    ['a trigger that is off', { url: '/api/r/off' }, 404, 'Not found: Trigger not found'],
    ['another method', { url: '/api/r/orders/1' }, 405, 'Method not allowed: '],
    ['raw in the query', { url: '/api/r/files/x?raw=true' }, 400, 'Bad request: raw is a setting of the trigger'],
    ['no key', { url: '/api/r/keyed' }, 401, 'Unauthorized'],
    ['a wrong key', { url: '/api/r/keyed', headers: { 'x-api-key': 'wrong' } }, 401, 'Unauthorized'],
    ['the key', { url: '/api/r/keyed', headers: { 'x-api-key': KEY } }, 201, ''],
    [
      'the key as a password',
      { url: '/api/r/keyed', headers: { authorization: `Basic ${Buffer.from(`user:${KEY}`).toString('base64')}` } },
      201,
      '',
    ],
    ['no token', { url: '/api/r/token' }, 401, 'Unauthorized'],
    ['a token', { url: '/api/r/token', headers: { authorization: `Bearer ${TOKENS.run}` } }, 201, ''],
    ['HEAD', { method: 'HEAD', url: '/api/r/orders/1' }, 200, ''],
    ['OPTIONS', { method: 'OPTIONS', url: '/api/r/absent' }, 200, ''],
  ])('%s', async (_what, options, status, text) => {
    const response = await open(options);
    expect(response.statusCode).toBe(status);
    expect(response.body).toContain(text);
    if (status === 401) expect(response.headers['www-authenticate']).toContain('Basic realm="Restricted Area"');
  });
});
