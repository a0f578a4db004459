import { createRequire } from 'node:module';
import { publicKeyOf, sampleDelivery, type SignedRequest, signRequest, verifySignature } from '@millrace/webhooks';
import { sign, verify } from '@octokit/webhooks-methods';
import { Webhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { describe, expect, test } from 'vitest';

/** Not exported by the package's root: the function that its receivers verify with. */
interface BoltVerify {
  readonly isValidSlackRequest: (options: {
    readonly signingSecret: string;
    readonly body: string;
    readonly headers: { readonly 'x-slack-signature': string; readonly 'x-slack-request-timestamp': number };
    readonly nowMilliseconds?: number;
  }) => boolean;
}
const require = createRequire(import.meta.url);
const { isValidSlackRequest } = require('@slack/bolt/dist/receivers/verify-request.js') as BoltVerify;

const URL = 'https://hooks.example.com/in';
const SECRET = 'It is a secret to everybody';
const NOW = Date.now();

/** Bodies that other implementations get wrong: no JSON, other alphabets, escapes, spaces. */
const BODIES = [
  'Hello, World!',
  '{"name":"žluťoučký 🐎"}',
  '{ "a" : 1,\n "b": "\\u00e9" }',
  'payload=%7B%22a%22%3A1%7D',
];

const asBytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const request = (body: string, headers: SignedRequest['headers']): SignedRequest => ({
  method: 'POST',
  url: URL,
  headers,
  body: asBytes(body),
});
const input = (secret: string, body: string, nowMs = NOW) => ({
  secret,
  url: URL,
  body: asBytes(body),
  deliveryId: 'msg_1',
  nowMs,
});

describe('@octokit/webhooks-methods', () => {
  test.each(BODIES)('signs what we believe, and believes what we sign: %s', async (body) => {
    const theirs = { 'x-hub-signature-256': await sign(SECRET, body) };
    expect(verifySignature({ preset: 'github' }, request(body, theirs), ['old', SECRET], NOW)).toMatchObject({
      ok: true,
    });
    expect(verifySignature({ preset: 'github' }, request(`${body} `, theirs), [SECRET], NOW)).toMatchObject({
      ok: false,
    });
    const ours = signRequest('github', input(SECRET, body));
    expect(await verify(SECRET, body, ours['x-hub-signature-256'] ?? '')).toBe(true);
  });

  test('our examples of GitHub are believed', async () => {
    const { body } = sampleDelivery('github.push');
    const text = new TextDecoder().decode(body);
    expect(await verify(SECRET, text, signRequest('github', input(SECRET, text))['x-hub-signature-256'] ?? '')).toBe(
      true,
    );
  });
});

describe('standardwebhooks', () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const theirs = new Webhook(secret);

  test.each(BODIES)('signs what we believe, and believes what we sign: %s', (body) => {
    const now = new Date(NOW);
    const headers = {
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(Math.floor(NOW / 1000)),
      'webhook-signature': theirs.sign('msg_1', now, body),
    };
    for (const preset of ['standard-webhooks', 'gitlab'] as const) {
      expect(verifySignature({ preset }, request(body, headers), [secret], NOW)).toEqual({
        ok: true,
        deliveryId: 'msg_1',
      });
    }
    const ours = signRequest('standard-webhooks', input(secret, body));
    expect(() => theirs.verify(body, { ...ours }, { jsonParse: false })).not.toThrow();
  });

  test('finds its signature among others: an older secret, and Ed25519', () => {
    const privateKey = `whsk_${Buffer.alloc(32, 5).toString('base64')}`;
    const headers = signRequest('standard-webhooks', {
      ...input('whsec_b3RoZXI=', '{}'),
      olderSecrets: [privateKey, secret],
    });
    expect(headers['webhook-signature']?.split(' ')).toHaveLength(3);
    expect(theirs.verify('{}', { ...headers })).toEqual({});
    const publicKey = publicKeyOf(privateKey) ?? '';
    expect(verifySignature({ preset: 'standard-webhooks' }, request('{}', headers), [publicKey], NOW)).toMatchObject({
      ok: true,
    });
  });

  test('refuses what is too old exactly when we do', () => {
    for (const [seconds, ok] of [
      [290, true],
      [310, false],
      [-290, true],
      [-310, false],
    ] as const) {
      // prettier-ignore
      const headers = signRequest('standard-webhooks', input(secret, '{}', NOW - seconds * 1_000));
      const ours = verifySignature({ preset: 'standard-webhooks' }, request('{}', headers), [secret], NOW);
      expect(ours.ok, `${seconds} s`).toBe(ok);
      const verifying = () => theirs.verify('{}', { ...headers });
      if (ok) expect(verifying).not.toThrow();
      else expect(verifying).toThrow(/timestamp/);
    }
  });
});

describe('stripe', () => {
  const { webhooks } = new Stripe('sk_test_unused');
  const event = new TextDecoder().decode(sampleDelivery('stripe.charge').body);

  test.each([event, '{"id":"evt_1","name":"žluťoučký 🐎"}'])(
    'signs what we believe, and believes what we sign',
    (body) => {
      const header = webhooks.generateTestHeaderString({ payload: body, secret: SECRET });
      const signed = request(body, { 'stripe-signature': header });
      expect(verifySignature({ preset: 'stripe' }, signed, [SECRET], Date.now())).toMatchObject({ ok: true });
      expect(verifySignature({ preset: 'stripe' }, signed, ['other'], Date.now())).toMatchObject({
        reason: 'bad_signature',
      });
      const ours = signRequest('stripe', { ...input('new', body), olderSecrets: [SECRET] });
      expect(webhooks.constructEvent(body, ours['stripe-signature'] ?? '', SECRET).id).toMatch(/^evt_/);
    },
  );
});

describe('@slack/bolt', () => {
  test.each(BODIES)('believes what we sign: %s', (body) => {
    const ours = signRequest('slack', input(SECRET, body));
    const options = (text: string, nowMilliseconds: number) => ({
      signingSecret: SECRET,
      body: text,
      headers: {
        'x-slack-signature': ours['x-slack-signature'] ?? '',
        'x-slack-request-timestamp': Number(ours['x-slack-request-timestamp']),
      },
      nowMilliseconds,
    });
    expect(isValidSlackRequest(options(body, NOW))).toBe(true);
    expect(isValidSlackRequest(options(`${body} `, NOW))).toBe(false);
    expect(isValidSlackRequest(options(body, NOW + 301_000))).toBe(false);
    expect(verifySignature({ preset: 'slack' }, request(body, ours), [SECRET], NOW)).toMatchObject({ ok: true });
  });
});
