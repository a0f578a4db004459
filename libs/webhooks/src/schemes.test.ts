import { createHash, createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  publicKeyOf,
  type SignatureRule,
  type SignedRequest,
  signRequest,
  verifySignature,
  type SignInput,
} from './index.ts';

const NOW = 1_795_262_400_000;
const URL = 'https://hooks.example.com/in';
const SYMMETRIC = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const PRIVATE = `whsk_${Buffer.alloc(32, 9).toString('base64')}`;
const PUBLIC = publicKeyOf(PRIVATE) ?? '';

const body = Buffer.from('{"a":1}');
const input = (secret: string, more: Partial<SignInput> = {}) => ({
  secret,
  url: URL,
  body,
  deliveryId: 'msg_1',
  nowMs: NOW,
  ...more,
});
const sent = (headers: SignedRequest['headers'], more: Partial<SignedRequest> = {}): SignedRequest => ({
  method: 'POST',
  url: URL,
  headers,
  body,
  ...more,
});
const GOOD = { ok: true };
const refused = (reason: string) => ({ ok: false, reason });

describe('Standard Webhooks', () => {
  const rule: SignatureRule = { preset: 'standard-webhooks' };
  const verdict = (headers: SignedRequest['headers'], secrets: readonly string[]) =>
    verifySignature(rule, sent(headers), secrets, NOW);

  test('v1a is made with the private key and checked with the public one', () => {
    const headers = signRequest('standard-webhooks', input(PRIVATE));
    expect(headers['webhook-signature']).toMatch(/^v1a,/);
    expect(verdict(headers, [PUBLIC])).toMatchObject(GOOD);
    expect(verdict(headers, [PRIVATE])).toMatchObject(GOOD);
    expect(verdict(headers, [SYMMETRIC])).toMatchObject(refused('bad_signature'));
  });

  test('both at once, in either order: one good signature is enough', () => {
    const headers = signRequest('standard-webhooks', input(SYMMETRIC, { olderSecrets: [PRIVATE] }));
    expect(headers['webhook-signature']).toMatch(/^v1,\S+ v1a,\S+$/);
    for (const secret of [SYMMETRIC, PUBLIC]) expect(verdict(headers, [secret])).toMatchObject(GOOD);
  });

  test('the public key is never a key of HMAC: who knows it could sign', () => {
    const key = Buffer.from(PUBLIC.slice('whpk_'.length), 'base64');
    const message = `msg_1.${NOW / 1000}.${body.toString()}`;
    const forged = createHmac('sha256', key).update(message).digest('base64');
    const headers = (version: string) => ({
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(NOW / 1000),
      'webhook-signature': `${version},${forged}`,
    });
    expect(verdict(headers('v1'), [PUBLIC])).toMatchObject(refused('bad_signature'));
    expect(verdict(headers('v1a'), [PUBLIC])).toMatchObject(refused('malformed_signature'));
  });

  test('an unknown version is for others; alone it is malformed', () => {
    const good = signRequest('standard-webhooks', input(SYMMETRIC));
    const signature = good['webhook-signature'] ?? '';
    expect(verdict({ ...good, 'webhook-signature': `v2,xx ${signature}` }, [SYMMETRIC])).toMatchObject(GOOD);
    const unknown = { ...good, 'webhook-signature': signature.replace('v1,', 'v2,') };
    expect(verdict(unknown, [SYMMETRIC])).toMatchObject(refused('malformed_signature'));
    const many = { ...good, 'webhook-signature': `${'v2,xx '.repeat(16)}${signature}` };
    expect(verdict(many, [SYMMETRIC])).toMatchObject(refused('malformed_signature'));
  });

  test('a secret that cannot be decoded is none, and cannot sign', () => {
    const headers = signRequest('standard-webhooks', input(SYMMETRIC));
    for (const secret of ['whsec_', 'whsec_*', 'whpk_AAAA', 'whsk_AAAA']) {
      expect(verdict(headers, [secret]), secret).toMatchObject(refused('no_secret'));
      expect(() => signRequest('standard-webhooks', input(secret))).toThrow('sign with');
    }
    expect(() => signRequest('standard-webhooks', input(PUBLIC))).toThrow('sign with');
    expect(publicKeyOf(SYMMETRIC)).toBeUndefined();
  });

  test('the id is signed', () => {
    const headers = { ...signRequest('standard-webhooks', input(SYMMETRIC)), 'webhook-id': 'msg_2' };
    expect(verdict(headers, [SYMMETRIC])).toMatchObject(refused('bad_signature'));
  });
});

describe('GitLab', () => {
  const verdict = (headers: SignedRequest['headers'], secrets: readonly string[]) =>
    verifySignature({ preset: 'gitlab' }, sent(headers), secrets, NOW);

  test('a signing token demands a signature; showing the token instead is not enough', () => {
    expect(verdict(signRequest('gitlab', input(SYMMETRIC)), [SYMMETRIC])).toMatchObject({
      ok: true,
      deliveryId: 'msg_1',
    });
    expect(verdict({ 'x-gitlab-token': SYMMETRIC }, [SYMMETRIC])).toMatchObject(refused('no_secret'));
  });

  test('a bad signature is refused although the token beside it is good', () => {
    const headers = { ...signRequest('gitlab', input('whsec_b3RoZXI=')), 'x-gitlab-token': 'token' };
    expect(verdict(headers, ['token', SYMMETRIC])).toMatchObject(refused('bad_signature'));
  });

  test('both kinds are good while one replaces the other', () => {
    const secrets = ['token', SYMMETRIC];
    expect(verdict({ 'x-gitlab-token': 'token' }, secrets)).toMatchObject(GOOD);
    expect(verdict(signRequest('gitlab', input(SYMMETRIC)), secrets)).toMatchObject(GOOD);
  });
});

describe('Stripe', () => {
  const verdict = (headers: SignedRequest['headers'], secrets: readonly string[]) =>
    verifySignature({ preset: 'stripe' }, sent(headers), secrets, NOW);

  test('one of several v1 is enough, v0 is never looked at', () => {
    const headers = signRequest('stripe', input('new', { olderSecrets: ['old'] }));
    expect(verdict(headers, ['old'])).toMatchObject(GOOD);
    expect(verdict(headers, ['new'])).toMatchObject(GOOD);
    const weaker = (headers['stripe-signature'] ?? '').replaceAll('v1=', 'v0=');
    expect(verdict({ 'stripe-signature': weaker }, ['new'])).toMatchObject(refused('missing_signature'));
  });

  test.each([
    [`v1=${'0'.repeat(64)}`, 'missing_timestamp'],
    [`t=1,t=2,v1=${'0'.repeat(64)}`, 'malformed_signature'],
    [`t=,v1=${'0'.repeat(64)}`, 'malformed_signature'],
    ['t=1', 'missing_signature'],
    ['t=1,v1=', 'malformed_signature'],
    ['t=1,v1=zz', 'malformed_signature'],
    [`t=1${`,v1=${'0'.repeat(64)}`.repeat(17)}`, 'malformed_signature'],
    [`t=1,v1=${'0'.repeat(64)}`, 'bad_signature'],
  ])('%s is refused: %s', (header, reason) => {
    expect(verdict({ 'stripe-signature': header }, ['s'])).toMatchObject(refused(reason));
  });

  test('a good signature in a header of more than 4,096 characters is refused', () => {
    const header = signRequest('stripe', input('s'))['stripe-signature'] ?? '';
    const padded = (length: number) => ({ 'stripe-signature': `${header},v9=`.padEnd(length, '0') });
    expect(verdict(padded(4_096), ['s'])).toMatchObject(GOOD);
    expect(verdict(padded(4_097), ['s'])).toMatchObject(refused('malformed_signature'));
  });
});

describe('Twilio', () => {
  const FORM = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
  const sign = (url: string, form: Uint8Array) => signRequest('twilio', input('12345', { url, body: form }));
  const verdict = (request: SignedRequest) => verifySignature({ preset: 'twilio' }, request, ['12345'], NOW);

  test('a body that the signature does not cover is refused', () => {
    const headers = sign(URL, Buffer.alloc(0));
    expect(verdict(sent(headers, { body: Buffer.alloc(0) }))).toMatchObject(GOOD);
    expect(verdict(sent({ ...headers, 'content-type': 'application/json' }))).toMatchObject(
      refused('missing_signature'),
    );
    const form = { body: Buffer.from('a=1') };
    expect(verdict(sent({ ...headers, ...FORM }, form))).toMatchObject(refused('bad_signature'));
  });

  test('of JSON the digest in the URL has to be the one of the body', () => {
    const url = `${URL}?bodySHA256=${createHash('sha256').update(body).digest('hex')}`;
    const headers = { ...sign(url, body), 'content-type': 'application/json' };
    expect(verdict(sent(headers, { url }))).toMatchObject(GOOD);
    expect(verdict(sent(headers, { url, body: Buffer.from('{"a":2}') }))).toMatchObject(refused('bad_signature'));
    expect(verdict(sent(headers, { url: `${url}&bodySHA256=00` }))).toMatchObject(refused('bad_signature'));
    expect(verdict(sent(headers))).toMatchObject(refused('missing_signature'));
  });

  test('another host, path or scheme is refused', () => {
    const form = { body: Buffer.from('a=1') };
    const headers = { ...sign(URL, form.body), ...FORM };
    expect(verdict(sent(headers, form))).toMatchObject(GOOD);
    for (const url of ['https://other.example.com/in', `${URL}/`, 'http://hooks.example.com/in', 'in', '']) {
      expect(verdict(sent(headers, { ...form, url })), url).toMatchObject(refused('bad_signature'));
    }
  });
});

describe('Microsoft Graph', () => {
  const verdict = (value: unknown) =>
    verifySignature(
      { preset: 'microsoft-graph' },
      sent({}, { body: Buffer.from(JSON.stringify({ value })) }),
      ['state'],
      NOW,
    );

  test('every notification has to show the state', () => {
    expect(verdict([{ clientState: 'state' }, { clientState: 'state' }])).toMatchObject(GOOD);
    expect(verdict([{ clientState: 'state' }, { clientState: 'other' }])).toMatchObject(refused('bad_signature'));
    expect(verdict([{ clientState: 'state' }, {}])).toMatchObject(refused('missing_signature'));
    expect(verdict([{ clientState: 'state' }, null])).toMatchObject(refused('malformed_signature'));
    for (const value of [[], 'state', { clientState: 'state' }]) {
      expect(verdict(value)).toMatchObject(refused('malformed_signature'));
    }
  });

  test('cannot be signed by headers', () => {
    expect(() => signRequest('microsoft-graph', input('state'))).toThrow('clientState');
  });
});

describe('Meta', () => {
  test('the verify token is no key of signatures', () => {
    const headers = signRequest('meta', input('verify_me'));
    expect(verifySignature({ preset: 'meta' }, sent(headers), ['app-secret', 'verify_me'], NOW)).toMatchObject(
      refused('bad_signature'),
    );
    expect(verifySignature({ preset: 'meta' }, sent(headers), ['verify_me'], NOW)).toMatchObject({ ok: false });
  });
});

describe('a generic HMAC', () => {
  const hex = (message: string) => createHmac('sha256', 's').update(message).digest('hex');
  const text = body.toString();
  const time = String(NOW / 1000);

  test.each([
    [{}, hex(text)],
    [
      { prefix: 'v1=', algorithm: 'sha512', encoding: 'base64' },
      `v1=${createHmac('sha512', 's').update(text).digest('base64')}`,
    ],
    [{ algorithm: 'sha1', encoding: 'base64url' }, createHmac('sha1', 's').update(text).digest('base64url')],
    [{ timestampHeader: 'X-Time' }, hex(`${time}.${text}`)],
    [
      { timestampHeader: 'X-Time', deliveryHeader: 'X-Id', template: '{id}|{timestamp}|{method} {url}|{body}' },
      hex(`msg_1|${time}|POST ${URL}|${text}`),
    ],
  ] as const)('%j makes %s', (members, expected) => {
    const rule: SignatureRule = { preset: 'hmac', header: 'X-Sig', ...members };
    const headers = signRequest(rule, input('s'));
    expect(headers['x-sig']).toBe(expected);
    expect(verifySignature(rule, sent(headers), ['s'], NOW)).toMatchObject(GOOD);
    const altered = sent(headers, { body: Buffer.from('{"a":2}') });
    expect(verifySignature(rule, altered, ['s'], NOW)).toMatchObject(refused('bad_signature'));
  });

  test('a placeholder in the body or in an id stays what it is', () => {
    const rule: SignatureRule = { preset: 'hmac', header: 'X-Sig', timestampHeader: 'X-Time' };
    const nested = Buffer.from('{body}{timestamp}');
    const headers = signRequest(rule, input('s', { body: nested }));
    expect(verifySignature(rule, sent(headers, { body: nested }), ['s'], NOW)).toMatchObject(GOOD);
  });

  test('the last digits of a body are no first ones of a time', () => {
    const rule: SignatureRule = {
      preset: 'hmac',
      header: 'X-Sig',
      timestampHeader: 'X-Time',
      template: '{body}{timestamp}',
    };
    const headers = signRequest(rule, input('s', { body: Buffer.from('amount=100') }));
    expect(verifySignature(rule, sent(headers, { body: Buffer.from('amount=100') }), ['s'], NOW)).toMatchObject(GOOD);
    const moved = { ...headers, 'x-time': `0${headers['x-time']}` };
    expect(verifySignature(rule, sent(moved, { body: Buffer.from('amount=10') }), ['s'], NOW)).toMatchObject(
      refused('malformed_signature'),
    );
  });

  test('a signed id has to be there', () => {
    const rule: SignatureRule = { preset: 'hmac', header: 'X-Sig', deliveryHeader: 'X-Id', template: '{id}.{body}' };
    const headers = { ...signRequest(rule, input('s')), 'x-id': undefined };
    expect(verifySignature(rule, sent(headers), ['s'], NOW)).toMatchObject(refused('missing_signature'));
  });

  test('without a header in the rule nothing is good, and nothing is signed', () => {
    expect(verifySignature({ preset: 'hmac' }, sent({}), ['s'], NOW)).toMatchObject({ ok: false });
    expect(() => signRequest('hmac', input('s'))).toThrow('header');
  });

  test('Bifrost’s header and prefix may be others', () => {
    const rule: SignatureRule = { preset: 'bifrost-generic', header: 'X-Mine', prefix: '' };
    const headers = signRequest(rule, input('s'));
    expect(headers).toEqual({ 'x-mine': createHmac('sha256', 's').update(body).digest('hex') });
    expect(verifySignature(rule, sent(headers), ['s'], NOW)).toMatchObject(GOOD);
  });
});
