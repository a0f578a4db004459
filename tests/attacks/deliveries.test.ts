import { createHmac } from 'node:crypto';
import { eventually, startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { signRequest } from '@millrace/webhooks';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { untilEnded } from '../e2e/runs.ts';
import { countRuns, ECHO } from './platform.ts';
import { type PlainAnswer, send } from './send.ts';

const SEED = 20_261_121;
const SECOND = 1_000;
const SECRET = 'a-secret-of-github-that-is-long';
const NEXT = 'the-secret-that-replaces-it-soon';
const STANDARD = `whsec_${Buffer.from('thirty-two bytes of a secret key').toString('base64')}`;

const hook = (path: string, signature: string): string => `
triggers:
  - dialect: hooks
    id: hook
    path: ${path}
    signature: ${signature}
`;

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform({
    workflows: {
      'attack/github.ts': ECHO,
      'attack/github.yaml': hook('/github', '{ preset: github, secrets: [GITHUB, GITHUB_NEXT] }'),
      'attack/standard.ts': ECHO,
      'attack/standard.yaml': hook('/standard', '{ preset: standard-webhooks, secret: STANDARD }'),
      'attack/unset.ts': ECHO,
      'attack/unset.yaml': hook('/unset', '{ preset: github, secret: NEVER_SET }'),
      'attack/careless.ts': ECHO,
      'attack/careless.yaml': hook('/careless', '{ preset: stripe }'),
    },
  });
  for (const [name, value] of Object.entries({ GITHUB: SECRET, GITHUB_NEXT: NEXT, STANDARD })) {
    expect((await platform.http.call('PUT', `/secrets/${name}`, { body: { value } })).status).toBe(200);
  }
  // Known to the gateway a moment after it was recorded.
  await eventually(async () =>
    expect((await deliver('/github', '{"first":1}', github('{"first":1}'))).status).toBe(202),
  );
});
afterAll(() => platform.stop());

type Headers = Readonly<Record<string, string | readonly string[]>>;

const deliver = (path: string, body: string, headers: Headers): Promise<PlainAnswer> =>
  send(platform.url, {
    method: 'POST',
    path: `/hooks${path}`,
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });

const hmac = (body: string, secret = SECRET): string => createHmac('sha256', secret).update(body).digest('hex');
const github = (body: string, secret = SECRET): Readonly<Record<string, string>> => ({
  'x-hub-signature-256': `sha256=${hmac(body, secret)}`,
  'x-github-event': 'push',
});
const standard = (body: string, nowMs: number): Readonly<Record<string, string>> =>
  signRequest('standard-webhooks', {
    url: platform.url,
    body: Buffer.from(body),
    secret: STANDARD,
    nowMs,
    deliveryId: `msg_${hmac(body).slice(0, 16)}`,
  });

const runOf = ({ text }: PlainAnswer): string => (JSON.parse(text) as { readonly run_id: string }).run_id;

describe('A7: what is signed are the bytes that came', () => {
  const written = '{ "b" : 1,\n "a":"\\u00e9",  "n": 1.0 }';

  test('a body counts as it was written', async () => {
    const answer = await deliver('/github', written, github(written));
    expect(answer.status).toBe(202);
    expect(await untilEnded(platform.http, runOf(answer))).toMatchObject({ output: { a: 'é', b: 1, n: 1 } });
  });

  test.each([
    ['without its spaces', JSON.stringify(JSON.parse(written))],
    ['in another order', '{"a":"é","b":1,"n":1.0}'],
    ['with its escapes resolved', written.replace('\\u00e9', 'é')],
    ['with a line end more', `${written}\n`],
    ['without its last byte', written.slice(0, -1)],
  ])('and not %s', async (_name, body) => {
    const before = await countRuns(platform.http);
    expect((await deliver('/github', body, github(written))).status).toBe(401);
    expect(await countRuns(platform.http)).toBe(before);
  });

  test('nothing is parsed before: what is no JSON, or a bomb of it, is refused for its signature', async () => {
    for (const body of ['{', '\u0000', '['.repeat(100_000), '{"__proto__":1}']) {
      expect((await deliver('/github', body, github('else'))).status).toBe(401);
      expect((await deliver('/github', body, github(body))).status).toBe(400);
    }
  });
});

describe('A8: a preset without a secret verifies nothing', () => {
  test('it is refused when it is deployed, and its address is not there', async () => {
    const { json } = await platform.http.get('/workflows/attack/careless');
    expect(JSON.stringify(json)).toMatch(/secret/);
    expect((await deliver('/careless', '{}', {})).status).toBe(404);
  });

  test.each<[string, Headers]>([
    ['no signature', {}],
    ['one made with an empty secret', github('{}', '')],
    ['one made with the name of the secret', github('{}', 'NEVER_SET')],
    ['one made with "undefined"', github('{}', 'undefined')],
  ])('a secret that was never set lets nobody in: %s', async (_name, headers) => {
    expect((await deliver('/unset', '{}', headers)).status).toBe(401);
  });
});

describe('A9: hostile headers are 401, whatever they hold', () => {
  test.each<[string, Headers]>([
    ['none', {}],
    ['empty', { 'x-hub-signature-256': '' }],
    ['the prefix alone', { 'x-hub-signature-256': 'sha256=' }],
    ['no hexadecimal', { 'x-hub-signature-256': `sha256=${'z'.repeat(64)}` }],
    ['half of it', { 'x-hub-signature-256': `sha256=${hmac('{}').slice(0, 32)}` }],
    ['more than it', { 'x-hub-signature-256': `sha256=${hmac('{}')}00` }],
    ['no prefix', { 'x-hub-signature-256': hmac('{}') }],
    ['another prefix', { 'x-hub-signature-256': `sha1=${hmac('{}')}` }],
    ['the older header', { 'x-hub-signature': `sha1=${createHmac('sha1', SECRET).update('{}').digest('hex')}` }],
    ['sent twice', { 'x-hub-signature-256': [`sha256=${hmac('{}')}`, `sha256=${hmac('{}')}`] }],
    ['good beside bad', { 'x-hub-signature-256': ['sha256=00', `sha256=${hmac('{}')}`] }],
    ['full width', { 'x-hub-signature-256': Buffer.from('sha256=\uff10').toString('latin1') }],
    ['made with an empty secret', github('{}', '')],
    ['of an empty body', github('')],
  ])('%s', async (_name, headers) => {
    expect((await deliver('/github', '{}', headers)).status).toBe(401);
  });

  test('any text', async () => {
    const text = fc.string({
      unit: fc.integer({ min: 0x20, max: 0xfe }).map((code) => String.fromCharCode(code === 0x7f ? 0xff : code)),
    });
    await fc.assert(
      fc.asyncProperty(text, text, async (signature, time) => {
        const answers = await Promise.all([
          deliver('/github', '{}', { 'x-hub-signature-256': signature }),
          deliver('/standard', '{}', { 'webhook-id': 'a', 'webhook-timestamp': time, 'webhook-signature': signature }),
        ]);
        expect(answers.map(({ status }) => status)).toEqual([401, 401]);
      }),
      { seed: SEED, numRuns: 60 },
    );
  });
});

describe('A10: a delivery that is sent again starts nothing again', () => {
  test('with a time: within its window it is the first run, outside it is refused', async () => {
    const now = Date.now();
    const body = '{"order":17}';
    const first = await deliver('/standard', body, standard(body, now));
    const again = await deliver('/standard', body, standard(body, now));
    expect([first.status, again.status]).toEqual([202, 200]);
    expect(runOf(again)).toBe(runOf(first));

    const at = async (secondsAgo: number): Promise<number> =>
      (await deliver('/standard', body, standard(body, Date.now() - secondsAgo * SECOND))).status;
    expect([await at(290), await at(301), await at(3_600), await at(-290), await at(-310)]).toEqual([
      200, 401, 401, 200, 401,
    ]);
  });

  test('the time is signed too: it cannot be moved', async () => {
    const body = '{"order":18}';
    const old = standard(body, Date.now() - 600 * SECOND);
    const fresh = { ...old, 'webhook-timestamp': String(Math.floor(Date.now() / SECOND)) };
    expect((await deliver('/standard', body, old)).status).toBe(401);
    expect((await deliver('/standard', body, fresh)).status).toBe(401);
  });

  test('without a time: the bytes are known, under whatever id they come', async () => {
    const body = '{"order":19}';
    const first = await deliver('/github', body, { ...github(body), 'x-github-delivery': 'd-1' });
    const again = await deliver('/github', body, { ...github(body), 'x-github-delivery': 'd-1' });
    const other = await deliver('/github', body, { ...github(body), 'x-github-delivery': 'd-2' });
    expect([first.status, again.status, other.status]).toEqual([202, 200, 200]);
    expect(new Set([first, again, other].map(runOf)).size).toBe(1);
  });

  test('at the same time: one run', async () => {
    const body = '{"order":20}';
    const answers = await Promise.all(Array.from({ length: 8 }, () => deliver('/github', body, github(body))));
    expect(new Set(answers.map(runOf)).size).toBe(1);
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
  });
});

describe('A11: several secrets, and no choice of algorithm by the sender', () => {
  test('each active secret counts, and one that was removed does not', async () => {
    const statusOf = async (secret: string): Promise<number> => {
      const body = `{"n":${Math.floor(performance.now() * SECOND)}}`;
      return (await deliver('/github', body, github(body, secret))).status;
    };
    expect([await statusOf(SECRET), await statusOf(NEXT), await statusOf('neither')]).toEqual([202, 202, 401]);
    expect((await platform.http.delete('/secrets/GITHUB')).status).toBe(204);
    await eventually(async () => expect(await statusOf(SECRET)).toBe(401));
    expect(await statusOf(NEXT)).toBe(202);
    await platform.http.call('PUT', '/secrets/GITHUB', { body: { value: SECRET } });
  });

  test.each([
    ['another version', (signature: string) => signature.replace('v1,', 'v1a,')],
    ['an unknown version', (signature: string) => signature.replace('v1,', 'v9,')],
    ['none', () => 'none'],
    ['the version alone', () => 'v1,'],
  ])('%s of a signature is none', async (_name, change) => {
    const signed = standard('{}', Date.now());
    const headers = { ...signed, 'webhook-signature': change(signed['webhook-signature'] ?? '') };
    expect((await deliver('/standard', '{}', headers)).status).toBe(401);
  });

  test('one good signature among several is enough', async () => {
    const signed = standard('{"several":1}', Date.now());
    const headers = { ...signed, 'webhook-signature': `v1,AAAA v1a,BBBB ${signed['webhook-signature'] ?? ''}` };
    expect((await deliver('/standard', '{"several":1}', headers)).status).toBe(202);
  });
});
