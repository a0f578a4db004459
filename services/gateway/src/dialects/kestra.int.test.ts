import { type LightMyRequestResponse } from 'fastify';
import { logBounds, followInbox, openTriggerStates, stopTrigger } from '@millrace/eventlog';
import { type InboxRecord, type Trigger } from '@millrace/contracts';
import { eventually } from '@millrace/testkit';
import { sha256Hex } from '@millrace/runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lastEvent } from '../../testing/play-executor.ts';
import { type ProjectedGateway, startProjectedGateway } from '../../testing/start-projected-gateway.ts';

const KEY = '4wjtkzwVGBM9yKnjm3yv8r';
const OTHER_KEY = 'k'.repeat(256);
const FLOW = 'company/team/webhook_flow';
const ADDRESS = '/api/v1/executions/webhook/company.team/webhook_flow';
const CONDITION = {
  type: 'io.kestra.plugin.core.condition.ExpressionCondition',
  expression: "{{ trigger.body.hello == 'world' }}",
};

const webhook = (id: string, key: string, rest: Partial<Trigger> = {}): Trigger => ({
  id,
  dialect: 'kestra',
  address: {},
  methods: ['GET', 'POST', 'PUT'],
  auth: 'path_key',
  keys: [{ sha256: sha256Hex(key) }],
  mode: 'async',
  enabled: true,
  ...rest,
});

let gateway: ProjectedGateway;
beforeAll(async () => {
  gateway = await startProjectedGateway({ workflows: ['other/flow'] });
  const triggers = [
    webhook('webhook', KEY),
    webhook('other', OTHER_KEY),
    webhook('conditional', 'conditional', { conditions: [CONDITION] }),
    webhook('disabled', 'disabled', { enabled: false }),
    webhook('stopping', 'stopping', { stopAfter: ['failed'] }),
  ];
  await gateway.deploy(FLOW, { triggers });
  await eventually(() => expect(gateway.catalog.entries().size).toBe(2));
});
afterAll(() => gateway.stop());

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD';

/** Calls as a sender does: with nothing but the address. */
const send = (method: Method, path: string, body?: unknown): Promise<LightMyRequestResponse> =>
  gateway.app.inject({
    method,
    url: path,
    headers: { host: 'gateway.test', authorization: 'Bearer canary-token', 'x-hub-signature-256': 'canary-signature' },
    ...(body === undefined ? {} : { payload: body as Record<string, unknown> }),
  });

const logEnd = async (): Promise<number> => (await logBounds(gateway.connection, 0)).last;

test.each(['GET', 'POST', 'PUT'] as const)(
  'by %s a run starts, and no credential of the request is repeated or kept',
  async (method) => {
    const answer = await send(
      method,
      `${ADDRESS}/${KEY}?a=1&token=canary-query`,
      method === 'GET' ? undefined : { a: 1 },
    );
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({
      namespace: 'company.team',
      flowId: 'webhook_flow',
      state: { current: 'CREATED' },
    });
    expect(answer.body).not.toContain('canary');
    const event = await lastEvent(gateway);
    expect(event).toMatchObject({ subject: answer.json<{ id: string }>().id, workflow: FLOW });
    const text = JSON.stringify(event);
    expect([text.includes('canary-token'), text.includes('canary-query'), text.includes(KEY)]).toEqual([
      false,
      false,
      false,
    ]);
  },
);

test.each<[Method, string, number, string]>([
  ['POST', `${ADDRESS}/wrong-key`, 404, 'Not Found: Webhook not found'],
  ['POST', `${ADDRESS}/${KEY}/`, 404, 'Not Found: Webhook not found'],
  ['POST', `${ADDRESS}/${KEY}/more`, 404, 'Not Found: Webhook not found'],
  ['POST', `/api/v1/executions/webhook/company.team/unknown/${KEY}`, 404, 'Not Found: Flow not found'],
  ['POST', `/api/v1/executions/webhook/other/flow/${KEY}`, 404, 'Not Found: Webhook not found'],
  ['POST', `/api/v1/acme/executions/webhook/company.team/webhook_flow/${KEY}`, 404, 'Not Found: Flow not found'],
  ['POST', `${ADDRESS}/disabled`, 409, 'Illegal state: Cannot execute a disabled flow'],
  ['PATCH', `${ADDRESS}/${KEY}`, 405, 'Method Not Allowed: PATCH is not for this address'],
  ['DELETE', `${ADDRESS}/${KEY}`, 405, 'Method Not Allowed: DELETE is not for this address'],
])('%s %s: %d', async (method, path, status, message) => {
  const before = await logEnd();
  const answer = await send(method, path);
  expect([answer.statusCode, answer.json<{ message: string }>().message]).toEqual([status, message]);
  expect(await logEnd()).toBe(before);
});

test('HEAD runs nothing', async () => {
  const before = await logEnd();
  expect((await send('HEAD', `${ADDRESS}/${KEY}`)).statusCode).toBe(405);
  expect(await logEnd()).toBe(before);
});

test('the address with a tenant means the same, and a flow has several webhooks by their keys', async () => {
  const path = `/api/v1/main/executions/webhook/company.team/webhook_flow/${OTHER_KEY}`;
  const answer = await send('POST', path, [1]);
  expect(answer.json()).toMatchObject({ trigger: { id: 'other', variables: { body: [1] } } });
});

test.each<[unknown, number]>([
  [{ hello: 'world' }, 200],
  [{ hello: 'moon' }, 204],
  [{ other: 'a missing name makes the condition fail' }, 204],
])('what its condition does not want is filtered: %j %d', async (body, status) => {
  const answer = await send('POST', `${ADDRESS}/conditional`, body);
  expect(answer.statusCode).toBe(status);
  if (status === 204) expect(answer.body).toBe('');
});

describe('an execution', () => {
  test('can be polled and killed with a token, as bearer or as the password of basic auth', async () => {
    const { id } = (await send('POST', `${ADDRESS}/${KEY}`, { a: 1 })).json<{ id: string }>();
    const basic = `Basic ${Buffer.from('user:admin-token').toString('base64')}`;
    for (const [prefix, authorization] of [
      ['/api/v1', 'Bearer admin-token'],
      ['/api/v1/main', basic],
    ] as const) {
      const headers = { authorization, host: 'gateway.test' };
      const answer = await gateway.app.inject({ url: `${prefix}/executions/${id}`, headers });
      expect(answer.json()).toMatchObject({
        id,
        state: { current: 'CREATED' },
        trigger: { id: 'webhook', variables: { body: { a: 1 } } },
      });
      expect(answer.body).not.toContain('canary');
    }
    const kill = await gateway.call({ method: 'DELETE', url: `/api/v1/executions/${id}/kill` });
    expect(kill.statusCode).toBe(202);
    expect((await send('GET', `/api/v1/executions/${id}`)).statusCode).toBe(401);
  });
});

describe('a stopped trigger', () => {
  const stop = () =>
    stopTrigger(gateway.connection, {
      workspace: 'default',
      workflow: FLOW,
      trigger: 'stopping',
      state: 'stopped',
      reason: 'run x ended: failed',
      at: '2026-01-01T00:00:00.000Z',
      run: 'x',
    });

  test('starts nothing until it is enabled, and the same end does not stop it twice', async () => {
    expect((await send('POST', `${ADDRESS}/stopping`)).statusCode).toBe(200);
    await stop();
    // Asked where it is stored: no other process has to hear of it first.
    expect((await send('POST', `${ADDRESS}/stopping`)).statusCode).toBe(409);
    const payload = { workflow: FLOW, trigger: 'stopping' };
    await gateway.call({ method: 'POST', url: '/triggers/enable', payload });
    await stop();
    await eventually(async () => expect((await send('POST', `${ADDRESS}/stopping`)).statusCode).toBe(200));
  });

  test('is stopped by the end of a run, before that end is public, and over a restart', async () => {
    const { id } = (await send('POST', `${ADDRESS}/stopping`)).json<{ id: string }>();
    const requested = await lastEvent(gateway);
    expect(requested?.data).toMatchObject({ stopAfter: ['failed'] });
    const base = requested!;
    const failed = {
      ...base,
      id: `${id}.end`,
      type: 'dev.millrace.run.failed.v1',
      data: { error: { code: 'x', message: 'x' } },
    };
    await gateway.writer.append([failed as typeof base]);
    await eventually(async () => expect((await send('POST', `${ADDRESS}/stopping`)).statusCode).toBe(409));
    const states = openTriggerStates(gateway.connection);
    await states.ready;
    expect(states.list()).toMatchObject([{ trigger: 'stopping', state: 'stopped', run: id }]);
    await states.close();
  });

  test('what a person disables has the answer of a disabled one', async () => {
    const payload = { workflow: FLOW, trigger: 'other', reason: 'too loud' };
    const refused = await gateway.call({ as: 'run', method: 'POST', url: '/triggers/disable', payload });
    expect(refused.statusCode).toBe(403);
    expect((await gateway.call({ method: 'POST', url: '/triggers/disable', payload })).json()).toMatchObject({
      state: 'disabled',
      reason: 'too loud',
    });
    await eventually(async () => expect((await send('POST', `${ADDRESS}/${OTHER_KEY}`)).statusCode).toBe(409));
    const unknown = { workflow: FLOW, trigger: 'nothing' };
    expect((await gateway.call({ method: 'POST', url: '/triggers/enable', payload: unknown })).statusCode).toBe(404);
  });
});

interface Listed {
  readonly requests: readonly Readonly<Record<string, unknown>>[];
  readonly next_cursor?: string;
}
const list = async (query: string): Promise<Listed> =>
  (await gateway.call({ url: `/requests?${query}` })).json<Listed>();

describe('the requests inbox', () => {
  test.each([
    ['kestra.webhook_not_found', { outcome: 'refused', trigger: '*', verified: 'none' }],
    ['filtered', { outcome: 'filtered', trigger: 'conditional', verified: 'key' }],
    ['trigger.stopped', { outcome: 'refused', trigger: 'stopping', verified: 'key' }],
    ['trigger.disabled', { outcome: 'refused', trigger: 'disabled', verified: 'key' }],
    ['accepted', { outcome: 'accepted', trigger: 'webhook', verified: 'key' }],
  ])('has what became %s', async (code, expected) => {
    await eventually(async () => {
      const { requests } = await list(`workflow=${FLOW}&limit=200`);
      expect(requests).toContainEqual(expect.objectContaining({ code, ...expected }));
    });
  });

  test('gives pages, newest first, of both what was accepted and what was not', async () => {
    const all = (await list('limit=200')).requests.map(({ id }) => id);
    expect(all).toEqual(all.toSorted().toReversed());
    const first = await list('limit=3');
    const second = await list(`limit=3&cursor=${first.next_cursor}`);
    expect([...first.requests, ...second.requests].map(({ id }) => id)).toEqual(all.slice(0, 6));
  });

  test('holds no key, token or signature, in the stream, in the table, in answers', async () => {
    const { requests } = await list('limit=200');
    const details = await Promise.all(
      requests.map(async ({ id }) => (await gateway.call({ url: `/requests/${String(id)}` })).body),
    );
    const stored: InboxRecord[] = [];
    const ending = new AbortController();
    for await (const packs of followInbox(gateway.connection, { shard: 0, fromSequence: 1, signal: ending.signal })) {
      stored.push(...packs.flatMap(({ records }) => records));
      if (stored.length >= requests.filter(({ outcome }) => outcome !== 'accepted').length) break;
    }
    const text = JSON.stringify([requests, details, stored]);
    expect(stored.length).toBeGreaterThan(5);
    for (const secret of ['canary', KEY, OTHER_KEY, 'wrong-key']) expect(text).not.toContain(secret);
  });

  test('a filtered request is delivered again through the trigger as it is now', async () => {
    const { requests } = await list('outcome=filtered&limit=10');
    const id = String(requests[0]?.['id']);
    const url = `/requests/${id}/redeliver`;
    expect((await gateway.call({ as: 'run', method: 'POST', url })).statusCode).toBe(403);
    expect((await gateway.call({ method: 'POST', url })).json()).toMatchObject({ status: 'filtered' });
    await gateway.deploy(FLOW, { triggers: [webhook('conditional', 'conditional')] });
    await eventually(async () => expect((await gateway.call({ method: 'POST', url })).statusCode).toBe(202));
    expect(await lastEvent(gateway)).toMatchObject({
      data: { trigger: { id: 'conditional', verified: 'redelivery' }, requestedBy: 'admin' },
    });
  });

  test('an accepted request is delivered again by running it again', async () => {
    const { requests } = await list('outcome=accepted&limit=1');
    const id = String(requests[0]?.['id']);
    const answer = await gateway.call({ method: 'POST', url: `/requests/${id}/redeliver` });
    expect([answer.statusCode, answer.headers.location]).toEqual([307, `/runs/${id}/rerun`]);
  });
});
