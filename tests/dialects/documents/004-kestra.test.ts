/** Document 004, the webhook trigger, against the running product: what it says, section by section. */
import { eventually } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Request, startWorld, type World } from '../world.ts';

const KEY = '5xkulzxWHCN0zLokn4zw9s';
const LONGEST = 'k'.repeat(256);
const SECRET_KEY = 'a-key-that-is-a-secret';
const WEBHOOK = '/api/v1/executions/webhook';
const FLOW = `${WEBHOOK}/company.team/flow`;
const TYPE = 'io.kestra.plugin.core.trigger.Webhook';
const EXPRESSION = 'io.kestra.plugin.core.condition.ExpressionCondition';

const script = (...lines: readonly string[]): string => ['#!/bin/sh', ...lines, ''].join('\n');
const ECHO = script('cp "$MILLRACE_INPUT" "$MILLRACE_OUTPUT"');

const WORKFLOWS: Readonly<Record<string, string>> = {
  'company/team/flow.sh': ECHO,
  // The triggers of its two examples have these members and no others.
  'company/team/flow.yaml': `
triggers:
  - id: webhook
    type: ${TYPE}
    key: ${KEY}
  - id: longest
    type: ${TYPE}
    key: ${LONGEST}
  - id: rendered
    type: ${TYPE}
    key: "{{ flow.namespace }}-{{ flow.id }}"
  - id: secret
    type: ${TYPE}
    key: "{{ secret('WEBHOOK_KEY') }}"
`,
  'company/team/conditional.sh': ECHO,
  'company/team/conditional.yaml': `
triggers:
  - id: webhook
    type: ${TYPE}
    key: ${KEY}
    conditions:
      - type: ${EXPRESSION}
        expression: "{{ trigger.body.hello == 'world' }}"
  - id: several
    type: ${TYPE}
    key: several
    conditions:
      - { type: ${EXPRESSION}, expression: "{{ trigger.headers['X-Event'][0] == 'push' }}" }
      - { type: ${EXPRESSION}, expression: "{{ trigger.parameters.to[0] == 'main' }}" }
`,
  'company/team/stops.sh': script('grep -q fine "$MILLRACE_INPUT"'),
  'company/team/stops.yaml': `
triggers:
  - id: webhook
    type: ${TYPE}
    key: ${KEY}
    stopAfter: [FAILED]
`,
  'company/other/flow.sh': ECHO,
  'company/elsewhere.sh': ECHO,
  'company/elsewhere.yaml': `triggers: [{ type: ${TYPE}, key: ${KEY}, namespace: prod.team, flow: renamed }]\n`,
};

let world: World;
let stop = (): Promise<void> => Promise.resolve();
beforeAll(async () => {
  const started = await startWorld({ workflows: WORKFLOWS, secrets: { WEBHOOK_KEY: SECRET_KEY } });
  ({ stop } = started);
  world = started;
});
afterAll(() => stop());

/** As senders call: with nothing but the address. */
const call = (path: string, request: Request = {}) => world.call(path, { token: null, ...request });

/** What the run reads as \`trigger\`. */
const triggerOf = async (path: string, request: Request = {}): Promise<Readonly<Record<string, unknown>>> => {
  const { status, json } = await call(path, request);
  expect(status).toBe(200);
  const { output } = await world.ended((json as { readonly id: string }).id);
  return (output as { readonly trigger: Readonly<Record<string, unknown>> }).trigger;
};

const messageAt = async (path: string): Promise<readonly unknown[]> => {
  const { status, json } = await call(path, { body: {} });
  return [status, (json as { readonly message?: unknown }).message];
};

describe('004, address', () => {
  test.each(['GET', 'POST', 'PUT'])('%s starts an execution of the flow in its namespace', async (method) => {
    const { status, json } = await call(`${FLOW}/${KEY}`, { method });
    expect([status, json]).toMatchObject([200, { namespace: 'company.team', flowId: 'flow' }]);
    const { id } = json as { readonly id: string };
    expect(await world.ended(id)).toMatchObject({ workflow: 'company/team/flow', status: 'completed' });
  });

  test.each(['PATCH', 'DELETE', 'HEAD'])('%s starts nothing', async (method) => {
    const before = await world.runsOf('company/team/flow');
    expect((await call(`${FLOW}/${KEY}`, { method })).status).toBe(405);
    expect(await world.runsOf('company/team/flow')).toBe(before);
  });

  test('newer versions name the tenant before it; there is one', async () => {
    const { id } = (await call(`/api/v1/main${FLOW.slice('/api/v1'.length)}/${KEY}`)).json as { readonly id: string };
    const { token } = world.platform;
    expect((await world.call(`/api/v1/main/executions/${id}`, { method: 'GET', token })).status).toBe(200);
    for (const path of [`executions/${id}`, `executions/${id}/follow`, `executions/webhook/company.team/flow/${KEY}`])
      expect((await world.call(`/api/v1/acme/${path}`, { method: 'GET', token })).status).toBe(404);
    expect((await world.call(`/api/v1/acme/executions/${id}/kill`, { method: 'DELETE', token })).status).toBe(404);
  });
});

test('004, address: a flow may be found at another one than its path, and is called so by whoever polls it', async () => {
  const { id } = (await call(`${WEBHOOK}/prod.team/renamed/${KEY}`, { body: {} })).json as { readonly id: string };
  await world.ended(id);
  const place = { namespace: 'prod.team', flowId: 'renamed', state: { current: 'SUCCESS' } };
  expect((await world.call(`/api/v1/executions/${id}`, { method: 'GET' })).json).toMatchObject(place);
  const { text } = await world.call(`/api/v1/executions/${id}/follow`, { method: 'GET' });
  expect(JSON.parse(/^id: end\ndata: (.*)$/m.exec(text)?.[1] ?? '')).toMatchObject(place);
});

describe('004, status', () => {
  test.each([
    ['the namespace', `${WEBHOOK}/company.unknown/flow/${KEY}`, 'Not Found: Flow not found'],
    ['the flow', `${WEBHOOK}/company.team/unknown/${KEY}`, 'Not Found: Flow not found'],
    ['the key', `${FLOW}/another-key`, 'Not Found: Webhook not found'],
    ['a webhook of the flow', `${WEBHOOK}/company.other/flow/${KEY}`, 'Not Found: Webhook not found'],
  ])('404 when %s is not there', async (_what, path, message) => {
    expect(await messageAt(path)).toEqual([404, message]);
  });

  test('200 with the execution when one is started', async () => {
    const { status, json } = await call(`${FLOW}/${KEY}`, { body: { n: 1 } });
    expect([status, json]).toMatchObject([
      200,
      { state: { current: 'CREATED' }, trigger: { id: 'webhook', type: TYPE } },
    ]);
  });

  test('204 without a body when the conditions do not match', async () => {
    const { status, text } = await call(`${WEBHOOK}/company.team/conditional/${KEY}`, { body: { hello: 'moon' } });
    expect([status, text]).toEqual([204, '']);
  });
});

/** What others send, in the words of the document: GitHub, Amazon EventBridge. */
const SENDERS: readonly (readonly [sender: string, headers: Readonly<Record<string, string>>, body: object])[] = [
  ['GitHub', { 'x-github-event': 'push' }, { ref: 'refs/heads/main', commits: [] }],
  ['Amazon EventBridge', { 'x-amz-target': 'shop' }, { version: '0', 'detail-type': 'Order', detail: { id: 7 } }],
];

test.each(SENDERS)('004, events of another application: what %s sends is what the flow reads', async (...sent) => {
  const [, headers, body] = sent;
  const [[name, value]] = Object.entries(headers) as [[string, string]];
  expect(await triggerOf(`${FLOW}/${KEY}`, { headers, body })).toMatchObject({ body, headers: { [name]: [value] } });
});

describe('004, what a flow reads', () => {
  test.each<[string, string, unknown]>([
    ['an object', '{"hello":"world"}', { hello: 'world' }],
    ['an array', '[1,{"a":null}]', [1, { a: null }]],
    ['no JSON: the text', 'hello=world', 'hello=world'],
    ['JSON that is cut: the text', '{"hello":', '{"hello":'],
  ])('body, of %s', async (_what, body, read) => {
    expect(await triggerOf(`${FLOW}/${KEY}`, { body })).toMatchObject({ body: read });
  });

  test.each<[string, unknown]>([
    ['{"hello":"world"}', { hello: 'world' }],
    ['hello', 'hello'],
  ])('body, whatever type the sender says: %s', async (body, read) => {
    for (const type of ['application/octet-stream', 'application/x-www-form-urlencoded', 'text/plain'])
      expect(await triggerOf(`${FLOW}/${KEY}`, { body, headers: { 'content-type': type } })).toMatchObject({
        body: read,
      });
  });

  test('headers and parameters, a list for each name', async () => {
    const given = await triggerOf(`${FLOW}/${KEY}?a=1&a=2&b=`, { body: {}, headers: { 'X-Event': 'push' } });
    expect(given).toMatchObject({ parameters: { a: ['1', '2'], b: [''] } });
    expect(given).toMatchObject({ headers: { 'X-Event': ['push'], 'content-type': ['application/json'] } });
  });

  test('all three are there, whatever was sent', async () => {
    const given = await triggerOf(`${FLOW}/${KEY}`, { method: 'GET' });
    expect(given).toMatchObject({ body: null, parameters: {}, headers: { host: [expect.any(String)] } });
  });
});

describe('004, conditions', () => {
  const start = async (key: string, request: Request): Promise<number> =>
    (await call(`${WEBHOOK}/company.team/conditional/${key}`, request)).status;

  test('a run starts only where the condition holds', async () => {
    const before = await world.runsOf('company/team/conditional');
    expect(await start(KEY, { body: { hello: 'world' } })).toBe(200);
    for (const body of [{ hello: 'moon' }, {}, 'world', [1]]) expect(await start(KEY, { body })).toBe(204);
    expect(await world.runsOf('company/team/conditional')).toBe(before + 1);
  });

  test('of several all must hold', async () => {
    const headers = { 'x-event': 'push' };
    expect(await start('several?to=main', { headers, body: {} })).toBe(200);
    expect(await start('several?to=other', { headers, body: {} })).toBe(204);
    expect(await start('several?to=main', { body: {} })).toBe(204);
  });

  test('one about several executions is refused at deploy', async () => {
    const condition =
      '{ type: io.kestra.plugin.core.condition.MultipleCondition, id: a, window: PT1H, conditions: {} }';
    const trigger = `{ type: ${TYPE}, key: ${KEY}, conditions: [${condition}] }`;
    world.platform.saveWorkflow('refused/multiple.yaml', `triggers: [${trigger}]\n`);
    world.platform.saveWorkflow('refused/multiple.sh', ECHO);
    await eventually(async () => {
      const { json } = await world.call('/workflows/refused/multiple', { method: 'GET' });
      expect(json).toMatchObject({ problem: { reason: expect.stringContaining('MultipleCondition') as string } });
    });
  });
});

describe('004, key', () => {
  test('has 256 characters at most', async () => {
    expect((await call(`${FLOW}/${LONGEST}`)).json).toMatchObject({ trigger: { id: 'longest' } });
    world.platform.saveWorkflow('refused/key.yaml', `triggers: [{ type: ${TYPE}, key: ${LONGEST}k }]\n`);
    world.platform.saveWorkflow('refused/key.sh', ECHO);
    await eventually(async () => {
      const { json, text } = await world.call('/workflows/refused/key', { method: 'GET' });
      expect(json).toMatchObject({ problem: { reason: expect.stringContaining('256') as string } });
      expect(text).not.toContain(LONGEST);
    });
  });

  test('may be an expression: of the flow, or a secret', async () => {
    expect((await call(`${FLOW}/company.team-flow`)).json).toMatchObject({ trigger: { id: 'rendered' } });
    expect((await call(`${FLOW}/${SECRET_KEY}`)).json).toMatchObject({ trigger: { id: 'secret' } });
  });

  test('is needed, and is shown nowhere', async () => {
    expect((await messageAt(`${FLOW}/`)).at(0)).toBe(404);
    const { json } = await call(`${FLOW}/${SECRET_KEY}`);
    const { id } = json as { readonly id: string };
    await world.ended(id);
    const shown = [`/runs/${id}`, `/runs/${id}/logs`, '/triggers', '/workflows/company/team/flow', '/requests'];
    for (const path of shown) {
      const { status, text } = await world.call(path, { method: 'GET' });
      expect([path, status, text.includes(SECRET_KEY), text.includes(KEY)]).toEqual([path, 200, false, false]);
    }
  });
});

describe('004, stopAfter', () => {
  test('the trigger is disabled once a run has ended in one of the states, until it is enabled again', async () => {
    const path = `${WEBHOOK}/company.team/stops/${KEY}`;
    const enable = (): Promise<unknown> =>
      world.call('/triggers/enable', { body: { workflow: 'company/team/stops', trigger: 'webhook' } });
    await enable();
    const run = async (body: unknown): Promise<unknown> =>
      (await world.ended(((await call(path, { body })).json as { readonly id: string }).id))['status'];
    expect(await run('this is fine')).toBe('completed');
    expect(await run('this is not')).toBe('failed');
    await eventually(async () => expect((await call(path, { body: 'this is fine' })).status).toBe(409));
    await enable();
    await eventually(async () => expect((await call(path, { body: 'this is fine' })).status).toBe(200));
  });
});
