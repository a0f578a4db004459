import { type TriggerSignature } from '@millrace/contracts';
import { expect, test } from 'vitest';
import { type Challenge, type SignatureScheme, type SignedDelivery, verifyDelivery } from './verify-delivery.ts';

const DAY_MS = 86_400_000;
const delivery: SignedDelivery = {
  method: 'POST',
  url: 'https://hooks.example.com/a',
  headers: { 'x-secret': 'right', 'x-id': 'd1' },
  body: new TextEncoder().encode('{"a":1}'),
};

/** Believes who writes a secret into a header, for a day. */
const scheme = (differs: Partial<SignatureScheme> = {}): SignatureScheme => ({
  verify: (rule, { headers }, secrets, nowMs) => {
    if (nowMs > DAY_MS) return { ok: false, reason: 'stale_timestamp', detail: 'a day is over' };
    const name = typeof rule['header'] === 'string' ? rule['header'] : 'x-secret';
    return secrets.includes(headers[name] ?? '')
      ? { ok: true, deliveryId: headers['x-id'] }
      : { ok: false, reason: 'bad_signature', detail: `${name} is wrong` };
  },
  challenge: () => undefined,
  signsChallenges: true,
  signsDeliveryId: () => true,
  digest: (_rule, { body }) => `${body.length} bytes`,
  ...differs,
});
const question: Challenge = { status: 200, contentType: 'text/plain', body: 'echo' };

const signature: TriggerSignature = { preset: 'github', secrets: ['S'], rule: {} };
const good = { secrets: ['new', 'right'], nowMs: 0 };
const bad = { secrets: ['wrong'], nowMs: 0 };
const first = { ok: true, verified: 'signature:github', delivery: 'd1' };

test.each<[string, Partial<TriggerSignature>, typeof good, SignatureScheme, Partial<SignedDelivery>, unknown]>([
  ['any active secret', {}, good, scheme(), {}, { ...first, deliveryKey: 'github id d1' }],
  ['no active secret', {}, bad, scheme(), {}, { ok: false, reason: 'bad_signature', detail: 'x-secret is wrong' }],
  [
    'the rule of the trigger',
    { rule: { header: 'x-other' } },
    good,
    scheme(),
    {},
    { ok: false, reason: 'bad_signature', detail: 'x-other is wrong' },
  ],
  [
    'too late',
    {},
    { ...good, nowMs: DAY_MS + 1 },
    scheme(),
    {},
    { ok: false, reason: 'stale_timestamp', detail: 'a day is over' },
  ],
  [
    'an id that is not signed',
    {},
    good,
    scheme({ signsDeliveryId: () => false }),
    {},
    { ...first, deliveryKey: 'github digest 7 bytes' },
  ],
  [
    'an id that is signed where the rule says so',
    { rule: { template: '{id}' } },
    good,
    scheme({ signsDeliveryId: ({ template }) => template === '{id}' }),
    {},
    { ...first, deliveryKey: 'github id d1' },
  ],
  [
    'a digest that the rule decides on',
    { rule: { template: '{url}' } },
    good,
    scheme({ signsDeliveryId: () => false, digest: ({ template }, { url }) => `${String(template)} ${url}` }),
    {},
    { ...first, deliveryKey: 'github digest {url} https://hooks.example.com/a' },
  ],
  [
    'an address with parameters beside the digest',
    {},
    good,
    scheme({ signsDeliveryId: () => false }),
    { pathParams: () => ({ id: '1', '*': 'a/b' }) },
    { ...first, deliveryKey: 'github digest 7 bytes [["id","1"],["*","a/b"]]' },
  ],
  [
    'an address without parameters',
    {},
    good,
    scheme({ signsDeliveryId: () => false }),
    { pathParams: () => ({}) },
    { ...first, deliveryKey: 'github digest 7 bytes' },
  ],
  [
    'an address with parameters where the id is signed',
    {},
    good,
    scheme(),
    { pathParams: () => ({ id: '1' }) },
    { ...first, deliveryKey: 'github id d1' },
  ],
  [
    'no id',
    {},
    good,
    scheme(),
    { headers: { 'x-secret': 'right' } },
    { ...first, delivery: undefined, deliveryKey: 'github digest 7 bytes' },
  ],
  ['repeats that run again', { repeats: 'allow' }, good, scheme(), {}, first],
  ['repeats that do not', { repeats: 'first_run' }, good, scheme(), {}, { ...first, deliveryKey: 'github id d1' }],
  [
    'a question that anybody may ask',
    {},
    bad,
    scheme({ challenge: () => question, signsChallenges: false }),
    {},
    { ok: true, verified: 'none', delivery: undefined, challenge: question },
  ],
  [
    'a question of the sender',
    {},
    good,
    scheme({ challenge: () => question }),
    {},
    { ...first, deliveryKey: 'github id d1', challenge: question },
  ],
  [
    'the same question of somebody else',
    {},
    bad,
    scheme({ challenge: () => question }),
    {},
    { ok: false, reason: 'bad_signature', detail: 'x-secret is wrong' },
  ],
])('%s', (...[, differs, evidence, given, request, expected]) => {
  expect(verifyDelivery({ ...signature, ...differs }, { ...delivery, ...request }, evidence, given)).toEqual(expected);
});
