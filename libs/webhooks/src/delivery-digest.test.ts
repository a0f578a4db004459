import { describe, expect, test } from 'vitest';
import {
  deliveryDigest,
  isDeliveryIdSigned,
  presetNames,
  type SignatureRule,
  type SignedRequest,
  signRequest,
  verifySignature,
} from './index.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const SECRET = 'a secret of the sender';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

interface Sent {
  readonly method?: string;
  readonly url?: string;
  readonly body?: string;
  readonly id?: string;
  readonly nowMs?: number;
}

const requestOf = (
  { method = 'POST', url = 'https://h.example.com/in', body = '' }: Sent,
  headers: SignedRequest['headers'] = {},
): SignedRequest => ({ method, url, headers, body: Buffer.from(body) });

const signed = (rule: SignatureRule, sent: Sent): SignedRequest => {
  const { method, url, body } = requestOf(sent);
  const { id: deliveryId = 'd-1', nowMs = NOW } = sent;
  const headers = signRequest(rule, { secret: SECRET, method, url, body, deliveryId, nowMs });
  return requestOf(sent, { ...FORM, ...headers });
};

/** Of a request that was signed, and is believed. */
const digestOf = (rule: SignatureRule, sent: Sent): string => {
  const request = signed(rule, sent);
  expect(verifySignature(rule, request, [SECRET], sent.nowMs ?? NOW)).toMatchObject({ ok: true });
  return deliveryDigest(rule, request);
};

const TWILIO: SignatureRule = { preset: 'twilio' };
const hmac = (members: Partial<SignatureRule> = {}): SignatureRule => ({
  header: 'X-Sig',
  deliveryHeader: 'X-Id',
  ...members,
  preset: 'hmac',
});
const TIMED = { timestampHeader: 'X-Time' };
const GET = { method: 'GET' };
const QUERY = { url: 'https://h.example.com/in?a=1' };
const LATER = { nowMs: NOW + 60_000 };

test('where only the body is signed the digest is that of the body', () => {
  const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  const byBody = presetNames.filter((preset) => preset !== 'twilio' && preset !== 'hmac');
  for (const rule of [...byBody.map((preset) => ({ preset })), hmac()]) {
    expect(deliveryDigest(rule, requestOf({ ...QUERY, body: 'abc' }, { 'x-id': 'd-2' })), rule.preset).toBe(abc);
  }
});

describe('two events have two digests', () => {
  test.each<[string, SignatureRule, Sent, Sent]>([
    [
      'twilio: the query of a GET',
      TWILIO,
      { ...GET, url: 'https://h.example.com/in?a=1' },
      { ...GET, url: 'https://h.example.com/in?a=2' },
    ],
    ['twilio: the path', TWILIO, { url: 'https://h.example.com/1' }, { url: 'https://h.example.com/2' }],
    ['twilio: the form', TWILIO, { body: 'a=1' }, { body: 'a=2' }],
    ['hmac: {id}', hmac({ template: '{id}.{body}' }), { id: 'a' }, { id: 'b' }],
    [
      'hmac: {url}',
      hmac({ template: '{url}.{body}' }),
      { url: 'https://h.example.com/1' },
      { url: 'https://h.example.com/2' },
    ],
    ['hmac: {method}', hmac({ template: '{method}.{body}' }), { method: 'PUT' }, { method: 'POST' }],
    ['hmac: {body} after a time', hmac(TIMED), { body: '1' }, { body: '2' }],
  ])('%s', (_what, rule, one, other) => {
    expect(digestOf(rule, one)).not.toBe(digestOf(rule, other));
  });
});

describe('the same event has one digest', () => {
  test.each<[string, SignatureRule, Sent, Sent]>([
    ['twilio: another unsigned id', TWILIO, { ...GET, ...QUERY, id: 'a' }, { ...GET, ...QUERY, id: 'b' }],
    ['hmac: another unsigned id', hmac(), { body: '1', id: 'a' }, { body: '1', id: 'b' }],
    ['hmac: another time', hmac(TIMED), { body: '1' }, { body: '1', ...LATER }],
    [
      'hmac: another time in a template',
      hmac({ ...TIMED, template: '{timestamp}:{url}:{body}' }),
      QUERY,
      { ...QUERY, ...LATER },
    ],
    ['hmac: an unsigned URL', hmac(), { body: '1' }, { body: '1', ...QUERY }],
    ['hmac: an unsigned method', hmac(), { body: '1' }, { body: '1', ...GET }],
  ])('%s', (_what, rule, one, other) => {
    expect(digestOf(rule, one)).toBe(digestOf(rule, other));
  });
});

describe('one signature of Twilio has one digest, whatever can be changed without it', () => {
  const original = signed(TWILIO, { url: 'https://h.example.com/in?a=1', body: 'b=2&c=3' });
  test.each([
    ['the port', { url: 'https://h.example.com:8443/in?a=1' }],
    ['the order of the form', { body: Buffer.from('c=3&b=2') }],
    ['a field that comes twice', { body: Buffer.from('b=2&b=2&c=3') }],
    ['the method', GET],
    ['a form that is moved into the URL', { url: 'https://h.example.com/in?a=1b2c3', body: Buffer.alloc(0) }],
  ])('%s', (_what, change) => {
    const replayed = { ...original, ...change };
    expect(verifySignature(TWILIO, replayed, [SECRET], NOW)).toMatchObject({ ok: true });
    expect(deliveryDigest(TWILIO, replayed)).toBe(deliveryDigest(TWILIO, original));
  });
});

test('a digest never throws', () => {
  const hostile = { ...requestOf({ url: '' }), headers: undefined as never };
  for (const rule of [TWILIO, hmac({ template: '{id}.{body}' }), { preset: 'toString' } as never]) {
    expect(deliveryDigest(rule, hostile)).toMatch(/^[0-9a-f]{64}$/);
  }
});

test.each<[string, SignatureRule, boolean]>([
  ['no template', hmac(), false],
  ['a time', hmac(TIMED), false],
  ['all but the id', hmac({ ...TIMED, template: '{method}.{url}.{timestamp}.{body}' }), false],
  ['the id', hmac({ template: '{id}.{body}' }), true],
  ['an id that no header has', { preset: 'hmac', header: 'X-Sig', template: '{id}.{body}' }, false],
])('whether the id of an hmac is signed is for the rule to say: %s', (_what, rule, isSigned) => {
  expect(isDeliveryIdSigned(rule)).toBe(isSigned);
});
