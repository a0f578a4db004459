/** `rate_limit` of triggers: each caller has a count of its own, whatever shows who it is. */
import { parseNetwork } from '@millrace/domain';
import { sha256Hex } from '@millrace/runtime';
import { signRequest } from '@millrace/webhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  hook,
  type HooksGateway,
  JSON_TYPE,
  open,
  SECRETS,
  startHooksGateway,
} from '../testing/start-hooks-gateway.ts';
import { TOKENS, type TokenName } from '../testing/start-test-gateway.ts';

const rateLimit = { requests: 1, per: 3_600 };
const KEYS = { first: 'the-first-key-of-two', second: 'the-second-key-of-two' } as const;
const PROXY = '10.9.9.9';

let hooks: HooksGateway;
beforeAll(async () => {
  const secrets = ['GITHUB_SECRET', 'SLACK_SECRET'];
  const signature = { preset: 'github', secrets, rule: {}, repeats: 'allow' as const };
  const keys = Object.values(KEYS).map((key) => ({ sha256: sha256Hex(key) }));
  hooks = await startHooksGateway(
    [
      hook({ path: '/rated-token', rateLimit }),
      hook({ path: '/rated-key', auth: 'workflow_key', keys, rateLimit }),
      hook({ path: '/rated-sender', auth: 'signature', signature, rateLimit }),
      open('/rated-public', { rateLimit }),
      open('/rated-v6', { rateLimit }),
    ],
    { trustedProxies: [parseNetwork(PROXY)] },
  );
});
afterAll(() => hooks.gateway.close());

interface Call {
  readonly headers?: Readonly<Record<string, string>>;
  readonly from?: string;
  readonly body?: string;
}

const call = async (path: string, { headers = {}, from = '192.0.2.1', body = '{}' }: Call) =>
  hooks.gateway.app.inject({
    method: 'POST',
    url: `/hooks${path}`,
    headers: { host: 'gateway.test', ...JSON_TYPE, ...headers },
    remoteAddress: from,
    payload: body,
  });

/** One uses up its count and floods; the other is let in all the same, and is told that it has used one of its own. */
const expectTwoCounts = async (path: string, one: Call, other: Call): Promise<void> => {
  expect((await call(path, one)).statusCode).toBe(202);
  for (let n = 0; n < 5; n += 1) {
    const refused = await call(path, one);
    expect(refused.statusCode).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(3_000);
    expect(refused.headers).toMatchObject({ 'ratelimit-limit': '1', 'ratelimit-remaining': '0' });
  }
  expect((await call(path, other)).statusCode).toBe(202);
  expect((await call(path, other)).statusCode).toBe(429);
};

const bearer = (text: string): Call => ({ headers: { authorization: `Bearer ${text}` } });
const token = (name: TokenName): Call => bearer(TOKENS[name]);

test('two tokens have two counts', () => expectTwoCounts('/rated-token', token('run'), token('admin')));

test('two keys of one trigger have two counts, from wherever they are shown', async () => {
  await expectTwoCounts('/rated-key', bearer(KEYS.first), bearer(KEYS.second));
  expect((await call('/rated-key', { ...bearer(KEYS.first), from: '192.0.2.99' })).statusCode).toBe(429);
});

test('two senders have two counts, by the secret that they sign with', () => {
  const signedBy = (secret: string): Call => ({
    headers: signRequest('github', {
      secret,
      url: 'http://gateway.test/hooks/rated-sender',
      body: Buffer.from('{}'),
      deliveryId: 'd',
      nowMs: Date.now(),
    }),
  });
  return expectTwoCounts('/rated-sender', signedBy(SECRETS.GITHUB_SECRET), signedBy(SECRETS.SLACK_SECRET));
});

test('two addresses have two counts of a public trigger, also behind a proxy that is trusted', async () => {
  await expectTwoCounts('/rated-public', { from: '192.0.2.1' }, { from: '192.0.2.2' });
  const behind = (address: string): Call => ({ from: PROXY, headers: { 'x-forwarded-for': address } });
  await expectTwoCounts('/rated-public', behind('198.51.100.1'), behind('198.51.100.2'));
  // The header of somebody who is no proxy says nothing.
  const pretending: Call = { from: '192.0.2.1', headers: { 'x-forwarded-for': '198.51.100.3' } };
  expect((await call('/rated-public', pretending)).statusCode).toBe(429);
});

test('addresses of one IPv6 network of 64 bits share a count, those of two do not', async () => {
  await expectTwoCounts('/rated-v6', { from: '2001:db8:0:1::1' }, { from: '2001:db8:0:2::1' });
  expect((await call('/rated-v6', { from: '2001:db8:0:1:ffff::2' })).statusCode).toBe(429);
});
