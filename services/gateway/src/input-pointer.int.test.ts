/** Input that the schema of a workflow refuses: the status of each dialect, and a JSON pointer where its errors have room for one. */
import { type Trigger } from '@millrace/contracts';
import { sha256Hex } from '@millrace/runtime';
import { claimDatabase, claimNats, eventually } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { open } from '../testing/start-hooks-gateway.ts';
import { startTestGateway, type TestGateway } from '../testing/start-test-gateway.ts';

const at = (dialect: string, address: Trigger['address'], rest: Partial<Trigger> = {}): Trigger => ({
  ...open(`/${dialect}`),
  dialect,
  address,
  ...rest,
});

const KEY = 'a-key-of-a-webhook';
const TRIGGERS: readonly Trigger[] = [
  open('/typed'),
  at('sink', { app_id: 'default', path: '/typed' }),
  at('endpoints', { name: 'typed' }),
];
const N = { type: 'object', properties: { n: { type: 'number' } } };

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ natsUrl: claimNats().url, databaseUrl: (await claimDatabase()).url });
  await gateway.deploy('tests/typed', {
    inputSchema: { type: 'object', properties: { list: { type: 'array', items: N } } },
    triggers: [...TRIGGERS],
  });
  const body = { type: 'object', properties: { list: { type: 'array', items: N } } };
  const variables = { type: 'object', properties: { body } };
  await gateway.deploy('tests/flow', {
    inputSchema: { type: 'object', properties: { trigger: variables } },
    triggers: [
      at('kestra', { namespace: 'tests', flow: 'flow' }, { auth: 'path_key', keys: [{ sha256: sha256Hex(KEY) }] }),
    ],
  });
  await eventually(() => expect(gateway.catalog.entries().size).toBe(2));
});
afterAll(() => gateway.close());

const POINTER = '/list/1/n';
const PROBLEM = { code: 'input.invalid', pointer: POINTER, detail: 'input.list.1.n must be number' };

test.each<[dialect: string, url: string, status: number, answer: unknown]>([
  ['serve', '/run/tests/typed', 400, PROBLEM],
  ['hooks', '/hooks/typed', 400, PROBLEM],
  [
    'sink',
    '/sink/trigger/http/default/typed',
    400,
    { error: { code: 'BAD_REQUEST', message: PROBLEM.detail, pointer: POINTER } },
  ],
  ['endpoints', '/api/endpoints/typed', 422, { detail: PROBLEM.detail, pointer: POINTER }],
  [
    'kestra',
    `/api/v1/executions/webhook/tests/flow/${KEY}`,
    400,
    { message: expect.stringContaining('must be number') as string, path: `/trigger/body${POINTER}` },
  ],
  ['windmill', '/api/w/any/jobs/run/p/tests/typed', 400, `Bad request: ${PROBLEM.detail}`],
])('%s says where it does not fit', async (dialect, url, status, answer) => {
  const list = [{ n: 1 }, { n: 'x' }];
  const payload = dialect === 'serve' ? { input: { list } } : { list };
  const response = await gateway.call({ method: 'POST', url, payload });
  const told: unknown = typeof answer === 'string' ? response.body : response.json();
  expect([response.statusCode, told]).toMatchObject([status, answer]);
});
