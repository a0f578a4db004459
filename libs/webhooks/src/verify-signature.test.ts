import { createHmac, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  deliveryIdOf,
  isDeliveryIdSigned,
  type PresetName,
  presetNames,
  publicKeyOf,
  sampleDelivery,
  sampleNames,
  type SignatureRule,
  type SignedRequest,
  signRequest,
  verifySignature,
} from './index.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const URL = 'https://hooks.example.com/in?source=test';

const seed = generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
const PRIVATE_KEY = `whsk_${seed.toString('base64')}`;
const PUBLIC_KEY = publicKeyOf(PRIVATE_KEY) ?? '';
const inHex = (key: string): string => Buffer.from(key.slice(key.indexOf('_') + 1), 'base64').toString('hex');

interface Keys {
  readonly signing: string;
  readonly verifying: string;
}

const TEXT_SECRET: Keys = { signing: 'a secret of the sender', verifying: 'a secret of the sender' };
const STANDARD_SECRET: Keys = {
  signing: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  verifying: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
};
const OTHER_KEYS: Partial<Record<PresetName, Keys>> = {
  discord: { signing: inHex(PRIVATE_KEY), verifying: inHex(PUBLIC_KEY) },
  'standard-webhooks': STANDARD_SECRET,
};
const keysOf = (preset: PresetName): Keys => OTHER_KEYS[preset] ?? TEXT_SECRET;

const ruleOf = (preset: PresetName): SignatureRule =>
  preset === 'hmac' ? { preset, header: 'X-Sig', timestampHeader: 'X-Time', deliveryHeader: 'X-Id' } : { preset };

const request = (body: Uint8Array, headers: SignedRequest['headers'], url = URL): SignedRequest => ({
  method: 'POST',
  url,
  headers,
  body,
});

const signedSample = (name: string, nowMs = NOW): { rule: SignatureRule; keys: Keys; request: SignedRequest } => {
  const preset = sampleNames.includes(name) ? sampleDelivery(name).preset : 'hmac';
  const keys = keysOf(preset);
  const { body, headers } = sampleDelivery(name, keys.signing);
  const rule = ruleOf(preset);
  const signature = signRequest(rule, { secret: keys.signing, body, url: URL, deliveryId: 'delivery-1', nowMs });
  return { rule, keys, request: request(body, { ...headers, ...signature }) };
};

const firstSampleOf = (preset: PresetName): string => sampleNames.find((name) => name.startsWith(`${preset}.`)) ?? '';

/** Nothing in their requests depends on the body or on time. */
const TOKEN_ONLY: readonly PresetName[] = ['gitlab', 'telegram', 'microsoft-graph'];
const SIGNED = presetNames.filter((preset) => !TOKEN_ONLY.includes(preset));
const TIMED: readonly PresetName[] = [
  'discord',
  'hmac',
  'slack',
  'standard-webhooks',
  'stripe',
  'tiktok',
  'twitch',
  'zoom',
];

describe('every example', () => {
  test.each(sampleNames)('%s is good when signed, and bad with another secret', (name) => {
    const { rule, keys, request: sent } = signedSample(name);
    expect(verifySignature(rule, sent, [keys.verifying], NOW)).toMatchObject({ ok: true });
    const other =
      rule.preset === 'standard-webhooks' ? `whsec_${Buffer.from('another').toString('base64')}` : 'another';
    const verdict = verifySignature(rule, sent, [rule.preset === 'discord' ? 'ab'.repeat(32) : other], NOW);
    expect(verdict).toMatchObject({ ok: false, reason: 'bad_signature' });
  });

  test.each(sampleNames)('%s without its signature is refused', (name) => {
    const { preset, headers, body } = sampleDelivery(name);
    const { verifying } = keysOf(preset);
    const verdict = verifySignature(ruleOf(preset), request(body, headers), [verifying], NOW);
    const reason = preset === 'microsoft-graph' ? 'bad_signature' : 'missing_signature';
    expect(verdict).toMatchObject({ ok: false, reason });
  });
});

describe('a body that was written anew (A7)', () => {
  const respelled = (body: Uint8Array): Uint8Array => {
    const text = new TextDecoder().decode(body);
    return new TextEncoder().encode(text.startsWith('{') ? JSON.stringify(JSON.parse(text), null, 1) : `${text}&a=1`);
  };

  test.each(SIGNED)('%s: fails', (preset) => {
    const { rule, keys, request: sent } = signedSample(firstSampleOf(preset));
    const altered = { ...sent, body: respelled(sent.body) };
    expect(altered.body).not.toEqual(sent.body);
    expect(verifySignature(rule, altered, [keys.verifying], NOW)).toMatchObject({ ok: false, reason: 'bad_signature' });
  });

  test('an escape in place of its character fails too, and so do bytes that no text has', () => {
    const headers = signRequest('github', {
      secret: 's',
      body: Buffer.from('{"name":"é"}'),
      url: URL,
      deliveryId: '1',
      nowMs: NOW,
    });
    const verdictOf = (body: Uint8Array) => verifySignature({ preset: 'github' }, request(body, headers), ['s'], NOW);
    expect(verdictOf(Buffer.from('{"name":"é"}'))).toMatchObject({ ok: true });
    expect(verdictOf(Buffer.from('{"name":"\\u00e9"}'))).toMatchObject({ ok: false });
    const bytes = Buffer.from([0xff, 0x00, 0xfe]);
    const other = signRequest('github', { secret: 's', body: bytes, url: URL, deliveryId: '1', nowMs: NOW });
    expect(verifySignature({ preset: 'github' }, request(bytes, other), ['s'], NOW)).toMatchObject({ ok: true });
  });
});

describe('the time of the signature (A10)', () => {
  const verdictAt = (preset: PresetName, ms: number, toleranceSeconds?: number) => {
    const { rule, keys, request: sent } = signedSample(firstSampleOf(preset));
    const timed = toleranceSeconds === undefined ? rule : { ...rule, toleranceSeconds };
    return verifySignature(timed, sent, [keys.verifying], NOW + ms);
  };

  test.each(TIMED)('%s: 299 s are good, 301 s are not, in both directions', (preset) => {
    for (const ms of [0, 299_000, 300_000, -299_000, -300_000]) {
      expect(verdictAt(preset, ms), `${ms} ms`).toMatchObject({ ok: true });
    }
    expect(verdictAt(preset, 301_000)).toMatchObject({ ok: false, reason: 'stale_timestamp' });
    expect(verdictAt(preset, -301_000)).toMatchObject({ ok: false, reason: 'future_timestamp' });
  });

  test.each(TIMED)('%s: the tolerance is the rule’s', (preset) => {
    expect(verdictAt(preset, 59_000, 60)).toMatchObject({ ok: true });
    expect(verdictAt(preset, 61_000, 60)).toMatchObject({ ok: false, reason: 'stale_timestamp' });
    expect(verdictAt(preset, 0, Number.NaN)).toMatchObject({ ok: false });
  });

  const TIME_HEADERS = [
    ['discord', 'x-signature-timestamp'],
    ['hmac', 'x-time'],
    ['slack', 'x-slack-request-timestamp'],
    ['standard-webhooks', 'webhook-timestamp'],
    ['twitch', 'twitch-eventsub-message-timestamp'],
    ['zoom', 'x-zm-request-timestamp'],
  ] as const;

  test.each(TIME_HEADERS)('%s: without %s nothing is good', (preset, header) => {
    const { rule, keys, request: sent } = signedSample(firstSampleOf(preset));
    const verdictWith = (value: string | undefined) =>
      verifySignature(rule, { ...sent, headers: { ...sent.headers, [header]: value } }, [keys.verifying], NOW);
    expect(verdictWith(undefined)).toMatchObject({ ok: false, reason: 'missing_timestamp' });
    expect(verdictWith('soon')).toMatchObject({ ok: false, reason: 'malformed_signature' });
    expect(verdictWith('1e9')).toMatchObject({ ok: false, reason: 'malformed_signature' });
    expect(verdictWith('-1')).toMatchObject({ ok: false, reason: 'malformed_signature' });
    const moved = preset === 'twitch' ? '2026-11-21T12:00:01Z' : String(NOW / 1000 + 1);
    expect(verdictWith(moved)).toMatchObject({ ok: false, reason: 'bad_signature' });
  });
});

describe('several secrets (A11)', () => {
  test.each(presetNames)('%s: the old and the new one are good while both are active', (preset) => {
    const { rule, keys, request: sent } = signedSample(firstSampleOf(preset));
    const other = { discord: 'cd'.repeat(32), 'standard-webhooks': 'whsec_b3RoZXI=' }[preset as string] ?? 'other';
    expect(verifySignature(rule, sent, [other, keys.verifying], NOW)).toMatchObject({ ok: true });
    expect(verifySignature(rule, sent, [keys.verifying, other], NOW)).toMatchObject({ ok: true });
    expect(verifySignature(rule, sent, [other], NOW)).toMatchObject({ ok: false });
  });

  test.each(presetNames)('%s: no secret, or empty ones, refuse everything', (preset) => {
    const { rule, request: sent } = signedSample(firstSampleOf(preset));
    for (const secrets of [[], [''], ['', '  \n']]) {
      expect(verifySignature(rule, sent, secrets, NOW)).toMatchObject({ ok: false, reason: 'no_secret' });
    }
  });

  test('an HMAC made with the empty key is refused', () => {
    const body = Buffer.from('{}');
    const sent = { url: URL, body, deliveryId: '1', nowMs: NOW };
    expect(() => signRequest('github', { ...sent, secret: '' })).toThrow('the secret is empty');
    const headers = { 'x-hub-signature-256': `sha256=${createHmac('sha256', '').update(body).digest('hex')}` };
    expect(verifySignature({ preset: 'github' }, request(body, headers), [''], NOW)).toMatchObject({
      ok: false,
      reason: 'no_secret',
    });
  });
});

describe('hostile headers (A9)', () => {
  const SIGNATURE_HEADERS: readonly string[] = [
    'x-hub-signature-256', 'x-gitlab-token', 'stripe-signature', 'x-slack-signature', 'x-slack-request-timestamp',
    'x-shopify-hmac-sha256', 'x-twilio-signature', 'x-signature-ed25519', 'x-signature-timestamp', 'webhook-id',
    'webhook-timestamp', 'webhook-signature', 'x-zm-signature', 'x-zm-request-timestamp', 'tiktok-signature',
    'twitch-eventsub-message-id', 'twitch-eventsub-message-timestamp', 'twitch-eventsub-message-signature',
    'x-telegram-bot-api-secret-token', 'x-signature-256', 'x-sig', 'x-time', 'content-type',
  ]; // prettier-ignore
  const value = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', ',', '=', 't=,v1=', `sha256=${'0'.repeat(64)}`, `v0=${'f'.repeat(64)}`, 'a'.repeat(5_000)),
    fc.nat().map((time) => `t=${time},v1=${'0'.repeat(64)},s=${'0'.repeat(64)}`),
    fc.constantFrom(`v1,${'A'.repeat(43)}=`, `v1a,${'A'.repeat(86)}==`, '00'.repeat(64), String(NOW / 1000)),
    fc.constantFrom('2026-11-21T12:00:00Z', 'application/x-www-form-urlencoded', '__proto__'),
    fc.array(fc.string()) as unknown as fc.Arbitrary<string>,
    fc.constantFrom(null, 7, {}) as unknown as fc.Arbitrary<string>,
  );
  const headers = fc.dictionary(fc.constantFrom(...SIGNATURE_HEADERS), value);
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json().map((text) => Buffer.from(text)),
    fc
      .constantFrom('{"value":[{}]}', '{"value":[{"clientState":7}]}', '{"value":null}')
      .map((text) => Buffer.from(text)),
  );
  const urls = fc.oneof(
    fc.constant(URL),
    fc.string().map((query) => `${URL}&bodySHA256=${query}`),
    fc.string(),
  );
  const methods = fc.constantFrom('POST', 'GET', '');

  test.each(presetNames)('%s: whatever is sent, nothing throws and nothing is believed', (preset) => {
    const sent = fc.record({ method: methods, url: urls, headers, body: bodies });
    fc.assert(
      fc.property(sent, (any) => {
        const verdict = verifySignature(ruleOf(preset), any, [keysOf(preset).verifying, 'x', '\u0000'], NOW);
        expect(verdict.ok).toBe(false);
        deliveryIdOf(preset, any);
      }),
      { numRuns: 200 },
    );
  });

  test.each(SIGNED)('%s: no signature with one changed character is believed', (preset) => {
    const { rule, keys, request: sent } = signedSample(firstSampleOf(preset));
    const name = Object.keys(sent.headers).find((header) => /signature|hmac|x-sig/.test(header)) ?? '';
    const original = sent.headers[name] ?? '';
    const change = fc.record({ index: fc.nat(original.length - 1), by: fc.integer({ min: 33, max: 126 }) });
    fc.assert(
      fc.property(change, ({ index, by }) => {
        const value = original.slice(0, index) + String.fromCharCode(by) + original.slice(index + 1);
        // The digits of hex may be of either case.
        fc.pre(value.toLowerCase() !== original.toLowerCase());
        const altered = { ...sent, headers: { ...sent.headers, [name]: value } };
        expect(verifySignature(rule, altered, [keys.verifying], NOW).ok, value).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  const broken = (signature: string): readonly (readonly [string, unknown])[] => [
    ['twice', `${signature}, ${signature}`],
    ['twice without a space', `${signature},${signature}`],
    ['a list', [signature]],
    ['cut short', signature.slice(0, -2)],
    ['longer', `${signature}00`],
    ['not hex', signature.replace(/.$/, 'g')],
    ['prefixed twice', `sha256=${signature}`],
    ['with a space before it', ` ${signature}`],
    ['of another algorithm', signature.replace('sha256=', 'sha1=')],
  ];

  test('a signature that is written in any other way is malformed', () => {
    const { rule, keys, request: sent } = signedSample('github.push');
    const refusal = { ok: false, reason: 'malformed_signature' };
    for (const [how, value] of broken(sent.headers['x-hub-signature-256'] ?? '')) {
      const altered = { ...sent, headers: { ...sent.headers, 'x-hub-signature-256': value as string } };
      expect(verifySignature(rule, altered, [keys.verifying], NOW), how).toMatchObject(refusal);
    }
  });

  test('an inherited header is no header', () => {
    const { rule, keys, request: sent } = signedSample('github.push');
    const altered = { ...sent, headers: Object.create(sent.headers) as SignedRequest['headers'] };
    expect(verifySignature(rule, altered, [keys.verifying], NOW)).toMatchObject({ reason: 'missing_signature' });
  });

  test.each(presetNames)('%s: a request without headers and body, a fault of ours, is refused too', (preset) => {
    const broken = { method: 'POST', url: URL } as SignedRequest;
    expect(verifySignature(ruleOf(preset), broken, [keysOf(preset).verifying], NOW).ok).toBe(false);
    expect(deliveryIdOf(preset, broken)).toBeUndefined();
  });

  test('the detail of a refusal shows neither secret nor signature', () => {
    const { rule, request: sent } = signedSample('github.push');
    const verdict = verifySignature(rule, sent, ['hidden-secret'], NOW);
    expect(JSON.stringify(verdict)).not.toMatch(/hidden-secret|sha256=/);
  });

  test('an unknown preset believes nothing', () => {
    const { request: sent } = signedSample('github.push');
    expect(verifySignature({ preset: 'toString' } as never, sent, ['s'], NOW)).toMatchObject({ ok: false });
  });
});

describe('the delivery id', () => {
  test.each([
    ['github.push', 'delivery-1', false],
    ['gitlab.push', 'delivery-1', false],
    ['stripe.charge', 'evt_1NG8Du2eZvKYlo2CUI79vXWy', true],
    ['slack.event', 'Ev123ABC456', true],
    ['slack.command', undefined, true],
    ['shopify.order', 'delivery-1', false],
    ['twilio.sms', 'delivery-1', false],
    ['discord.command', '1042', true],
    ['standard-webhooks.event', 'delivery-1', true],
    ['twitch.follow', 'delivery-1', true],
    ['microsoft-graph.created', 'lsgTZMr9KwAAA', false],
    ['telegram.message', '871346122', false],
    ['meta.message', undefined, false],
    ['zoom.meeting', undefined, false],
    ['tiktok.upload', undefined, false],
    ['bifrost-generic.event', undefined, false],
    ['hmac.event', 'delivery-1', false],
  ] as const)('%s is %s', (name, id, signed) => {
    const { rule, keys, request: sent } = signedSample(name);
    expect(verifySignature(rule, sent, [keys.verifying], NOW)).toEqual({ ok: true, deliveryId: id });
    expect(isDeliveryIdSigned(rule)).toBe(signed);
  });
});
