/** The requests inbox: what is recorded of everything that reached a trigger and started no run. */
import { createHmac } from 'node:crypto';
import { type RequestView, type Trigger } from '@millrace/contracts';
import { eventually } from '@millrace/testkit';
import { signRequest } from '@millrace/webhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hook, JSON_TYPE, open, signed } from '../testing/start-hooks-gateway.ts';
import { type ProjectedGateway, startProjectedGateway } from '../testing/start-projected-gateway.ts';

const SECRET = 'a-secret-of-the-inbox';
const WORKFLOW = 'tests/hooked';
const TRIGGERS: readonly Trigger[] = [
  signed('/signed', 'github', 'GITHUB_SECRET', { id: 'signed' }),
  open('/rated', { id: 'rated', rateLimit: { requests: 1, per: 3_600 } }),
  open('/asked', { id: 'asked', conditions: ["body.branch == 'main'"] }),
  open('/open', { id: 'open' }),
  hook({ path: '/tokens', id: 'tokens' }),
  open('/fenced', { id: 'fenced', allowFrom: ['192.0.2.0/24'] }),
  open('/off', { id: 'off', enabled: false }),
  open('/methods', { id: 'methods', methods: ['POST', 'PUT'] }),
  signed('/large', 'github', 'GITHUB_SECRET', { id: 'large' }),
  signed('/graph', 'microsoft-graph', 'GITHUB_SECRET', { id: 'graph' }),
  signed('/slack', 'slack', 'GITHUB_SECRET', { id: 'slack' }),
  hook({ path: '/tokens-off', id: 'tokens-off', enabled: false }),
  {
    ...open('/sunk', { id: 'sunk', methods: ['POST'] }),
    dialect: 'sink',
    address: { app_id: 'default', path: '/sunk' },
  },
];

let gateway: ProjectedGateway;
beforeAll(async () => {
  gateway = await startProjectedGateway({ workflows: [] });
  await gateway.deploy(WORKFLOW, { triggers: [...TRIGGERS] });
  const inputSchema = { type: 'object', properties: { n: { type: 'number' } } };
  await gateway.deploy('tests/typed', { inputSchema, triggers: [open('/typed', { id: 'typed' })] });
  await gateway.call({ method: 'PUT', url: '/secrets/GITHUB_SECRET', payload: { value: SECRET } });
  await eventually(() => {
    expect(gateway.catalog.entries().size).toBe(2);
    expect(gateway.secretValues.valuesOf('GITHUB_SECRET')).toEqual([SECRET]);
  });
});
afterAll(() => gateway.stop());

const send = (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  gateway.app.inject({
    method: 'POST',
    url: `/hooks${path}`,
    headers: { host: 'gateway.test', ...JSON_TYPE, ...headers },
    payload: JSON.stringify(body),
  });

const list = async (query: string): Promise<readonly RequestView[]> =>
  (await gateway.call({ url: `/requests?${query}` })).json<{ requests: RequestView[] }>().requests;

/** Those of a trigger that came after the ones before, the oldest first, once there are so many. */
const recorded = (trigger: string, outcome: string, count: number): Promise<readonly RequestView[]> =>
  eventually(async () => {
    const found = await list(`workflow=${WORKFLOW}&trigger=${trigger}&outcome=${outcome}&limit=100`);
    expect(found).toHaveLength(count);
    return found.toReversed();
  });

const githubHeaders = (body: unknown, secret: string, delivery: string): Readonly<Record<string, string>> => ({
  'x-github-event': 'push',
  'x-github-delivery': delivery,
  'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(JSON.stringify(body)).digest('hex')}`,
});

type Told = Partial<RequestView> & Pick<RequestView, 'trigger'>;

const slack = (secret: string) => {
  const body = { type: 'url_verification', challenge: 'a-challenge' };
  const url = 'http://gateway.test/hooks/slack';
  const bytes = Buffer.from(JSON.stringify(body));
  return send('/slack', body, signRequest('slack', { secret, url, body: bytes, deliveryId: 'd', nowMs: Date.now() }));
};

describe('a request is recorded', () => {
  test('whose signature is wrong, as verified by nothing, with body and without signature', async () => {
    const headers = githubHeaders({ a: 1 }, 'another secret', 'd-wrong');
    expect((await send('/signed', { a: 1 }, headers)).statusCode).toBe(401);
    const [request] = await recorded('signed', 'refused', 1);
    expect(request).toMatchObject({
      code: 'signature.refused',
      verified: 'none',
      method: 'POST',
      path: '/hooks/signed',
    });
    const detail = await gateway.call({ url: `/requests/${request?.id}` });
    expect(detail.json()).toMatchObject({ body: { text: '{"a":1}', encoding: 'utf8', cut: false }, body_bytes: 7 });
    expect(detail.json<{ headers: unknown[] }>().headers).toContainEqual(['x-hub-signature-256', '***']);
    expect(detail.body).not.toContain(headers['x-hub-signature-256']);
  });

  test.each([
    ['bytes that are no text', Buffer.concat([Buffer.from([0xff, 0xfe, 0x00, 0x80]), Buffer.from(`x=${SECRET};`)])],
    ['UTF-16', Buffer.from(`\u{feff}{"a":"${SECRET}"}\u{d8}`, 'utf16le')],
    [
      'base64 of it among bytes',
      Buffer.concat([Buffer.from([0x80]), Buffer.from(Buffer.from(SECRET).toString('base64'))]),
    ],
  ])('without a secret that stands in %s', async (_what, payload) => {
    const before = (await list(`workflow=${WORKFLOW}&trigger=signed&outcome=refused&limit=100`)).length;
    const headers = {
      host: 'gateway.test',
      'content-type': 'application/octet-stream',
      ...githubHeaders({}, 'wrong', 'd'),
    };
    await gateway.app.inject({ method: 'POST', url: '/hooks/signed', headers, payload });
    const [request] = (await recorded('signed', 'refused', before + 1)).toReversed();
    const detail = await gateway.call({ url: `/requests/${request?.id}` });
    const text = Buffer.from('***').toString('base64');
    expect(detail.json()).toMatchObject({ body: { text, encoding: 'base64' }, body_bytes: payload.length });
  });

  test('that repeats a delivery, with the run of the first one', async () => {
    const headers = githubHeaders({ a: 2 }, SECRET, 'd-1');
    const first = (await send('/signed', { a: 2 }, headers)).json<{ run_id: string }>();
    const again = (await send('/signed', { a: 2 }, headers)).json<{ run_id: string }>();
    expect(again.run_id).toBe(first.run_id);
    expect(await recorded('signed', 'duplicate', 1)).toMatchObject([
      { run_id: first.run_id, verified: 'signature:github', delivery: 'd-1' },
    ]);
    expect(await recorded('signed', 'accepted', 1)).toMatchObject([{ id: first.run_id, delivery: 'd-1' }]);
  });

  test('that repeats an Idempotency-Key', async () => {
    const key = { 'idempotency-key': 'once' };
    const first = (await send('/open', {}, key)).json<{ run_id: string }>();
    await send('/open', {}, key);
    expect(await recorded('open', 'duplicate', 1)).toMatchObject([{ run_id: first.run_id, verified: 'public' }]);
  });

  test('that is over the rate of its trigger', async () => {
    expect((await send('/rated', {})).statusCode).toBe(202);
    expect((await send('/rated', {})).statusCode).toBe(429);
    expect(await recorded('rated', 'refused', 1)).toMatchObject([{ code: 'trigger.over_rate', verified: 'public' }]);
  });

  test('that the condition of its trigger leaves out, with the condition', async () => {
    expect((await send('/asked', { branch: 'other' })).statusCode).toBe(204);
    const [request] = await recorded('asked', 'filtered', 1);
    expect(request).toMatchObject({ code: 'filtered', verified: 'public' });
    expect(request?.reason).toContain("body.branch == 'main'");
  });

  test.each<[what: string, call: () => ReturnType<typeof send>, status: number, told: Told]>([
    [
      'from an address that may not call',
      () => send('/fenced', { a: 1 }),
      403,
      { trigger: 'fenced', code: 'trigger.address_refused', verified: 'public', from: '127.0.0.1' },
    ],
    [
      'at a disabled trigger, of which the caller is told nothing',
      () => send('/off', { a: 1 }),
      404,
      { trigger: 'off', code: 'trigger.disabled', verified: 'none', reason: 'the trigger is disabled' },
    ],
    [
      'at a disabled trigger for tokens, by somebody who may use it',
      () => send('/tokens-off', {}, { authorization: 'Bearer run-token' }),
      404,
      { trigger: 'tokens-off', code: 'trigger.disabled', verified: 'none' },
    ],
    [
      'by a method that the trigger does not take',
      () => gateway.app.inject({ method: 'DELETE', url: '/hooks/methods', headers: { host: 'gateway.test' } }),
      405,
      { trigger: 'methods', code: 'http.method_not_allowed', verified: 'public', method: 'DELETE' },
    ],
    [
      'by a method that starts nothing anywhere',
      () => gateway.app.inject({ method: 'HEAD', url: '/hooks/methods', headers: { host: 'gateway.test' } }),
      405,
      { trigger: 'methods', code: 'http.method_not_allowed', verified: 'none', method: 'HEAD' },
    ],
    [
      'by a method that a sink does not take',
      () =>
        gateway.app.inject({
          method: 'PUT',
          url: '/sink/trigger/http/default/sunk',
          headers: { host: 'gateway.test' },
        }),
      405,
      { trigger: 'sunk', code: 'http.method_not_allowed', dialect: 'sink', method: 'PUT' },
    ],
    [
      'whose body is too large to be read, before its signature was',
      () => send('/large', 'x'.repeat(1_048_576), githubHeaders({}, SECRET, 'd-large')),
      413,
      { trigger: 'large', code: 'http.body_too_large', verified: 'none' },
    ],
    [
      'that the schema of the input refuses',
      () => send('/typed', { n: 'seven' }),
      400,
      {
        trigger: 'typed',
        code: 'input.invalid',
        verified: 'public',
        workflow: 'tests/typed',
        reason: 'input.n must be number',
      },
    ],
    [
      'whose challenge is signed with another secret',
      () => slack('another secret'),
      401,
      { trigger: 'slack', code: 'signature.refused', verified: 'none' },
    ],
  ])('%s', async (_what, call, status, told) => {
    const query = `trigger=${told.trigger}&outcome=refused&limit=100`;
    const before = (await list(query)).length;
    expect((await call()).statusCode).toBe(status);
    const found = await eventually(async () => {
      const all = await list(query);
      expect(all).toHaveLength(before + 1);
      return all[0];
    });
    expect(found).toMatchObject({ outcome: 'refused', ...told });
    expect(found).not.toHaveProperty('run_id');
  });

  test('that asks whether the address is meant for its sender, as a challenge that started no run', async () => {
    expect((await slack(SECRET)).body).toBe('a-challenge');
    expect((await send('/graph?validationToken=abc', {})).body).toBe('abc');
    const [signedOne] = await recorded('slack', 'challenge', 1);
    expect(signedOne).toMatchObject({ code: 'challenge', verified: 'signature:slack' });
    expect(signedOne).not.toHaveProperty('run_id');
    expect(await recorded('graph', 'challenge', 1)).toMatchObject([{ code: 'challenge', verified: 'none' }]);
    const again = await gateway.call({ method: 'POST', url: `/requests/${signedOne?.id}/redeliver` });
    expect([again.statusCode, again.json()]).toMatchObject([409, { code: 'request.not_redeliverable' }]);
    for (const trigger of ['slack', 'graph']) expect(await list(`trigger=${trigger}&outcome=accepted`)).toEqual([]);
  });

  test('of a batch, each event by its own outcome, none of them with the whole body', async () => {
    const event = (id: string, branch: string) => ({
      specversion: '1.0',
      type: 'push',
      source: '/tests',
      id,
      datacontenttype: 'application/json',
      data: { branch },
    });
    const batch = [event('e1', 'main'), event('e2', 'other'), { specversion: '1.0', id: 'e3' }];
    const answer = await send('/asked', batch, { 'content-type': 'application/cloudevents-batch+json' });
    expect(answer.statusCode).toBe(207);
    expect(await recorded('asked', 'accepted', 1)).toHaveLength(1);
    const filtered = (await recorded('asked', 'filtered', 2))[1];
    expect(filtered).toMatchObject({ code: 'filtered' });
    const [refused] = await recorded('asked', 'refused', 1);
    expect(refused).toMatchObject({ code: 'cloudevents.invalid' });
    const headers = { 'content-type': 'application/cloudevents-batch+json', 'idempotency-key': 'batch-again' };
    for (let time = 0; time < 2; time += 1) await send('/asked', [event('e4', 'main')], headers);
    const [duplicate] = await recorded('asked', 'duplicate', 1);
    for (const record of [filtered, refused, duplicate]) {
      expect((await gateway.call({ url: `/requests/${record?.id}` })).json()).not.toHaveProperty('body');
    }
    const url = `/requests/${refused?.id}`;
    const redelivered = await gateway.call({ method: 'POST', url: `${url}/redeliver` });
    expect([redelivered.statusCode, redelivered.json()]).toMatchObject([
      409,
      { type: expect.stringContaining('request.not_redeliverable') as string },
    ]);
  });
});

describe('nothing is recorded', () => {
  test('of somebody who has no valid token', async () => {
    const refusedAt = (trigger: string) => list(`trigger=${trigger}&outcome=refused&limit=100`);
    const before = (await refusedAt('tokens-off')).length;
    const rated = (await refusedAt('rated')).length;
    expect((await send('/tokens', {}, { authorization: 'Bearer nobody' })).statusCode).toBe(401);
    expect((await send('/tokens-off', {}, { authorization: 'Bearer nobody' })).statusCode).toBe(404);
    const host = { host: 'gateway.test' };
    expect((await gateway.app.inject({ method: 'HEAD', url: '/hooks/tokens', headers: host })).statusCode).toBe(405);
    expect((await send('/tokens', {}, { authorization: 'Bearer run-token' })).statusCode).toBe(202);
    // What came later is there: what is not there by now does not come.
    await recorded('tokens', 'accepted', 1);
    expect((await send('/rated', { last: true })).statusCode).toBe(429);
    await recorded('rated', 'refused', rated + 1);
    expect(await list(`workflow=${WORKFLOW}&trigger=tokens&outcome=refused`)).toEqual([]);
    expect(await refusedAt('tokens-off')).toHaveLength(before);
  });
});

describe('GET /triggers', () => {
  test('says of a trigger that somebody has disabled why, and since when', async () => {
    const payload = { workflow: WORKFLOW, trigger: 'open', reason: 'too many of them' };
    const { at } = (await gateway.call({ method: 'POST', url: '/triggers/disable', payload })).json<{ at: string }>();
    await eventually(async () => {
      const { triggers } = (await gateway.call({ url: '/triggers' })).json<{ triggers: readonly object[] }>();
      expect(triggers).toContainEqual(
        expect.objectContaining({ id: 'open', state: 'disabled', reason: 'too many of them', since: at }),
      );
      expect(triggers.find((one) => 'id' in one && one.id === 'asked')).not.toHaveProperty('reason');
    });
  });
});
