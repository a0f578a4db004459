/** The dialect `hooks`: who may call, what becomes the input, what is answered. */
import { type Trigger } from '@millrace/contracts';
import { completed } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { during, lastEvent, report } from '../../testing/play-executor.ts';
import {
  hook,
  type HooksGateway,
  JSON_TYPE,
  open,
  SECRETS,
  type Sent,
  signed,
  startHooksGateway,
} from '../../testing/start-hooks-gateway.ts';

const TRIGGERS: readonly Trigger[] = [
  hook({ path: '/tokens' }),
  hook({ path: '/keyed', auth: 'workflow_key', keys: [{ secret: 'HOOK_KEY' }] }),
  hook({ path: '/address', auth: 'path_key', keys: [{ secret: 'HOOK_KEY' }] }),
  open('/open', { methods: ['POST', 'GET'] }),
  open('/orders/:id', { id: 'order' }),
  open('/orders/:id/items/*', { id: 'items' }),
  open('/orders/latest', { id: 'latest' }),
  open('/mapped/:kind', { id: 'mapped', input: { kind: 'params.kind', who: 'body.user.name', from: 'query.from' } }),
  open('/shaped', {
    id: 'shaped',
    mode: 'sync',
    response: { completed: 201, failed: 500, body: 'result', content_type: 'text/plain; charset=utf-8' },
  }),
  open('/quiet', { id: 'quiet', response: { accepted: 200, body: 'empty' } }),
  open('/twins', { id: 'getter', methods: ['GET'] }),
  hook({ path: '/twins', id: 'poster', methods: ['POST'] }),
  signed('/signed', 'github', 'GITHUB_SECRET'),
  open('/stream', { id: 'stream', mode: 'stream' }),
  open('/pages', { id: 'pages', methods: ['POST', 'PUT'], crossSite: true }),
  hook({ path: '/pages-key', auth: 'path_key', keys: [{ secret: 'HOOK_KEY' }], crossSite: true }),
  open('/asked', { id: 'asked', conditions: ['headers["x-told"] == "what-only-we-know"'] }),
  open('/off', { id: 'off', enabled: false }),
];

let hooks: HooksGateway;
beforeAll(async () => {
  hooks = await startHooksGateway(TRIGGERS);
});
afterAll(() => hooks.gateway.close());

describe('who may call', () => {
  const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
  test.each([
    ['a token that may run it', '/tokens', bearer('run-token'), 202],
    ['no token', '/tokens', {}, 401],
    ['a token of another workflow', '/tokens', bearer('limited-token'), 404],
    ['the key as Bearer', '/keyed', bearer(SECRETS.HOOK_KEY), 202],
    ['the key as X-Api-Key', '/keyed', { headers: { 'x-api-key': SECRETS.HOOK_KEY } }, 202],
    ['a wrong key', '/keyed', bearer('a-wrong-key-of-some-length'), 401],
    ['the key in the address', `/key/${SECRETS.HOOK_KEY}/address`, {}, 202],
    ['a wrong key in the address', '/key/wrong/address', {}, 404],
    ['an address that wants a key, without one', '/address', {}, 404],
    ['anybody, where the trigger says so', '/open', {}, 202],
    ['an address that nobody declared', '/nothing', {}, 404],
    ['a trigger that is not enabled', '/off', {}, 404],
  ] as const)('%s', async (_who, path, sent, status) => {
    const answer = await hooks.send(path, sent);
    expect([answer.statusCode, answer.statusCode === status ? '' : answer.body]).toEqual([status, '']);
  });

  test('a key in an address stands nowhere in what is recorded', async () => {
    await hooks.send(`/key/${SECRETS.HOOK_KEY}/address`);
    expect(JSON.stringify(await lastEvent(hooks.gateway))).not.toContain(SECRETS.HOOK_KEY);
  });

  test('HEAD runs nothing, and other methods are told which there are', async () => {
    const before = await hooks.logEnd();
    const head = await hooks.send('/open', { method: 'HEAD' });
    expect([head.statusCode, head.headers.allow]).toEqual([405, 'GET, POST']);
    const put = await hooks.send('/open', { method: 'PUT' });
    expect([put.statusCode, put.headers.allow]).toEqual([405, 'GET, POST']);
    expect(await hooks.logEnd()).toBe(before);
  });

  test.each<[string, string, Sent, string]>([
    ['anybody', '/twins', {}, 'GET'],
    ['who has a token for one more', '/twins', bearer('run-token'), 'GET, POST'],
    ['who has the key', '/keyed', bearer(SECRETS.HOOK_KEY), 'POST'],
    ['who is to be let in by a signature', '/signed', {}, 'POST'],
  ])('F6: HEAD and PUT tell %s the same methods', async (_who, path, sent, allow) => {
    for (const method of ['HEAD', 'PUT'] as const) {
      const answer = await hooks.send(path, { ...sent, method });
      expect([method, answer.statusCode, answer.headers.allow]).toEqual([method, 405, allow]);
    }
  });

  test('F6: HEAD tells nothing of a trigger to who may not know of it', async () => {
    const answer = await hooks.send('/tokens', { method: 'HEAD' });
    expect([answer.statusCode, answer.headers.allow]).toEqual([405, 'DELETE, GET, PATCH, POST, PUT']);
  });

  test('two triggers share an address by their methods', async () => {
    expect((await hooks.send('/twins', { method: 'GET' })).statusCode).toBe(202);
    expect(await lastEvent(hooks.gateway)).toMatchObject({ data: { trigger: { id: 'getter' } } });
    expect((await hooks.send('/twins', bearer('run-token'))).statusCode).toBe(202);
    expect(await lastEvent(hooks.gateway)).toMatchObject({ data: { trigger: { id: 'poster' } } });
  });
});

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const PARTS = [
  '--b\r\ncontent-disposition: form-data; name="title"\r\n\r\nHello\r\n',
  '--b\r\ncontent-disposition: form-data; name="doc"; filename="a.txt"\r\ncontent-type: text/plain\r\n\r\nabc\r\n--b--\r\n',
].join('');

describe('what becomes the input', () => {
  test.each<readonly [string, string, Sent, unknown]>([
    ['members of a JSON object', '/open', { headers: JSON_TYPE, body: '{"a":1}' }, { a: 1 }],
    ['any other JSON as body', '/open', { headers: JSON_TYPE, body: '[1,null]' }, { body: [1, null] }],
    [
      'JSON of a vendor type',
      '/open',
      { headers: { 'content-type': 'application/vnd.x+json' }, body: '{"a":2}' },
      { a: 2 },
    ],
    ['JSON without a content type', '/open', { body: Buffer.from('{"a":3}') }, { a: 3 }],
    ['fields of a form', '/open', { headers: FORM, body: 'a=1&b=x+y&b=z' }, { a: '1', b: ['x y', 'z'] }],
    ['JSON that says that it is a form', '/open', { headers: FORM, body: '{"a":4}' }, { a: 4 }],
    ['text as body', '/open', { headers: { 'content-type': 'text/plain' }, body: '{"a":5}' }, { body: '{"a":5}' }],
    [
      'bytes as base64',
      '/open',
      { headers: { 'content-type': 'image/png' }, body: Buffer.from([0xff, 0xfe]) },
      { body: '//4=' },
    ],
    ['the query, without a body', '/open?x=1&y=2', { method: 'GET' }, { x: '1', y: '2' }],
    ['nothing', '/open', {}, {}],
    [
      'parameters of the path, over those of the body',
      '/orders/a%2Fb',
      { headers: JSON_TYPE, body: '{"id":1,"n":2}' },
      { id: 'a/b', n: 2 },
    ],
    ['the rest of the path', '/orders/7/items/x/y', {}, { id: '7', '*': 'x/y' }],
    [
      'a mapping',
      '/mapped/new?from=here',
      { headers: JSON_TYPE, body: '{"user":{"name":"Ada"}}' },
      { kind: 'new', who: 'Ada', from: 'here' },
    ],
  ])('%s', async (_what, path, sent, expected) => {
    expect((await hooks.send(path, sent)).statusCode).toBe(202);
    expect(await hooks.input()).toEqual(expected);
  });

  test('fields and files of a multipart body; files are kept in the object store', async () => {
    const headers = { 'content-type': 'multipart/form-data; boundary=b' };
    expect((await hooks.send('/open', { headers, body: PARTS })).statusCode).toBe(202);
    expect(await hooks.input()).toEqual({
      title: 'Hello',
      doc: { filename: 'a.txt', content_type: 'text/plain', size: 3, object: expect.any(String) },
    });
  });

  test('a path without parameters is meant before one with them', async () => {
    await hooks.send('/orders/latest');
    expect(await lastEvent(hooks.gateway)).toMatchObject({ data: { trigger: { id: 'latest' } } });
  });

  test('what says that it is JSON and is not, is 400', async () => {
    const answer = await hooks.send('/open', { headers: JSON_TYPE, body: '{"a":' });
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'body.invalid_json']);
  });

  test('what a mapping cannot be made of is 400, without a value of the request', async () => {
    const answer = await hooks.json('/mapped/new?from=here', { user: 'private' });
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'condition.failed']);
    expect(answer.body).not.toContain('private');
  });
});

describe('what is answered', () => {
  const ended = (path: string, output: unknown) =>
    during(
      hooks.gateway,
      () => hooks.json(path, {}),
      (runId) => report(hooks.gateway, completed({ runId, output })),
    );

  test('202 with where to look', async () => {
    const answer = await hooks.json('/open', {});
    expect([answer.statusCode, answer.headers.location]).toEqual([202, `/runs/${answer.json().run_id}`]);
  });

  test('with ?wait= the result, for who has shown who he is', async () => {
    const headers = { authorization: 'Bearer run-token', ...JSON_TYPE };
    const answer = await during(
      hooks.gateway,
      () => hooks.send('/tokens?wait=5', { headers, body: '{}' }),
      (runId) => report(hooks.gateway, completed({ runId, output: { n: 1 } })),
    );
    expect([answer.statusCode, answer.json()]).toMatchObject([200, { status: 'completed', output: { n: 1 } }]);
  });

  test('A25: who is nobody does not read the condition that he did not meet', async () => {
    const answer = await hooks.json('/asked', {});
    expect(answer.statusCode).toBe(204);
    expect(JSON.stringify([answer.headers, answer.body])).not.toContain('what-only-we-know');
    const batch = { 'content-type': 'application/cloudevents-batch+json' };
    const event = { specversion: '1.0', id: '1', source: '/tests', type: 'made' };
    const items = await hooks.send('/asked', { headers: batch, body: JSON.stringify([event]) });
    expect([items.statusCode, items.body]).toEqual([207, expect.not.stringContaining('what-only-we-know')]);
  });

  test('A25: who is nobody gets no result by asking for it', async () => {
    for (const headers of [JSON_TYPE, { ...JSON_TYPE, prefer: 'wait=5' }]) {
      const answer = await hooks.send('/open?wait=5', { headers, body: '{}' });
      expect([answer.statusCode, answer.json()]).toEqual([
        202,
        expect.not.objectContaining({ output: expect.anything() }),
      ]);
    }
  });

  test('the result alone, with the status and the content type that the trigger declares', async () => {
    const answer = await ended('/shaped', 'done and dusted');
    expect([answer.statusCode, answer.headers['content-type'], answer.body]).toEqual([
      201,
      'text/plain; charset=utf-8',
      'done and dusted',
    ]);
  });

  test('nothing at all', async () => {
    const answer = await hooks.json('/quiet', {});
    expect([answer.statusCode, answer.headers['content-type'], answer.body]).toEqual([200, undefined, '']);
  });
});

describe('pages of other sites', () => {
  const page = { origin: 'https://elsewhere.test', 'sec-fetch-site': 'cross-site', ...JSON_TYPE };
  const ask = {
    method: 'OPTIONS',
    headers: {
      origin: 'https://elsewhere.test',
      'sec-fetch-site': 'cross-site',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    },
  } as const;

  test('a trigger that is for them answers their preflight, and the page may read the answer', async () => {
    const preflight = await hooks.send('/pages', ask);
    expect([preflight.statusCode, preflight.headers]).toMatchObject([
      204,
      {
        'access-control-allow-origin': '*',
        'access-control-allow-methods': 'POST, PUT',
        'access-control-allow-headers': 'content-type',
      },
    ]);
    expect(preflight.headers).not.toHaveProperty('access-control-allow-credentials');
    const answer = await hooks.send('/pages', { headers: page, body: '{"a":1}' });
    expect([answer.statusCode, answer.headers['access-control-allow-origin']]).toEqual([202, '*']);
  });

  test('any other trigger refuses preflight and request, and starts nothing', async () => {
    const end = await hooks.logEnd();
    expect((await hooks.send('/open', ask)).statusCode).toBe(405);
    expect((await hooks.send('/nothing', ask)).statusCode).toBe(404);
    const answer = await hooks.send('/open', { headers: page, body: '{}' });
    expect([answer.statusCode, answer.headers['access-control-allow-origin']]).toEqual([403, undefined]);
    expect(await hooks.logEnd()).toBe(end);
  });

  test('addresses with a key in them answer a preflight alike, whether there is one or not', async () => {
    const paths = [
      `/key/${SECRETS.HOOK_KEY}/pages-key`,
      '/key/wrong/pages-key',
      '/key/wrong/address',
      '/key/wrong/nothing',
    ];
    const answers = await Promise.all(paths.map((path) => hooks.send(path, ask)));
    const [first, ...others] = answers.map(({ statusCode, headers }) => [statusCode, { ...headers, date: '' }]);
    for (const other of others) expect(other).toEqual(first);
    expect((await hooks.send(`/key/${SECRETS.HOOK_KEY}/pages-key`, { headers: page, body: '{}' })).statusCode).toBe(
      202,
    );
    expect((await hooks.send('/key/wrong/pages-key', { headers: page, body: '{}' })).statusCode).toBe(404);
  });
});
