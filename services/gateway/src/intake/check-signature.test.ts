import { generateKeyPairSync } from 'node:crypto';
import { type TriggerSignature } from '@millrace/contracts';
import { type InboundRequest } from '@millrace/dialects';
import { type PresetName, sampleDelivery, signRequest } from '@millrace/webhooks';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { checkSignature } from './check-signature.ts';

const HOST = 'hooks.example.com';
const NOW = Date.parse('2026-11-21T12:00:00Z');

const discord = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
const hex = (text = ''): string => Buffer.from(text, 'base64url').toString('hex');

interface Pair {
  /** What the server knows, and what the sender signs with. */
  readonly secret: string;
  readonly signsWith: string;
}
const sameOf = (secret: string): Pair => ({ secret, signsWith: secret });
const DISCORD: Pair = { secret: hex(discord.x), signsWith: hex(discord.d) };
const OTHER_KEY = '11'.repeat(32);

const signatureOf = (preset: PresetName, secrets: string[]) =>
  ({ preset, secrets, rule: {} }) satisfies TriggerSignature;

const inboundOf = (
  headers: Readonly<Record<string, string>>,
  body: string,
  { method = 'POST', search = '' } = {},
): InboundRequest => {
  const all: Readonly<Record<string, string>> = { host: HOST, ...headers };
  return {
    ...{ method, search, path: '/hooks/asked', params: {}, from: '192.0.2.1', multipart: undefined },
    ...{ query: () => undefined, queryPairs: () => [], text: () => body, body: Buffer.from(body) },
    header: (name) => all[name],
    headerPairs: () => Object.entries(all),
  };
};

const verify = (preset: PresetName, values: Readonly<Record<string, readonly string[]>>, inbound: InboundRequest) =>
  checkSignature(signatureOf(preset, Object.keys(values)), { inbound, pathParams: () => ({}) }, NOW, {
    publicUrl: undefined,
    secretValues: (name) => values[name] ?? [],
  });

const signed = (preset: PresetName, secret: string, sample: { headers: object; body: Uint8Array }) => {
  const body = Buffer.from(sample.body).toString();
  const url = `http://${HOST}/hooks/asked`;
  const signature = signRequest(preset, { secret, url, body: sample.body, deliveryId: 'd-1', nowMs: NOW });
  return inboundOf({ ...sample.headers, ...signature }, body);
};

afterEach(() => vi.restoreAllMocks());

interface SignedChallenge {
  readonly preset: PresetName;
  readonly sample: Parameters<typeof sampleDelivery>[0];
  readonly keys: Pair;
  readonly wrong: string;
  readonly echo: RegExp;
}

const SIGNED: readonly SignedChallenge[] = [
  { preset: 'slack', sample: 'slack.url_verification', keys: sameOf('of-slack'), wrong: 'other', echo: /3eZbrw1a/ },
  { preset: 'zoom', sample: 'zoom.url_validation', keys: sameOf('of-zoom'), wrong: 'other', echo: /encryptedToken/ },
  { preset: 'discord', sample: 'discord.ping', keys: DISCORD, wrong: OTHER_KEY, echo: /"type":1/ },
  { preset: 'twitch', sample: 'twitch.verification', keys: sameOf('of-twitch'), wrong: 'other', echo: /pogchamp/ },
];

describe.each(SIGNED)('a challenge of $preset', ({ preset, sample, keys: { secret, signsWith }, wrong, echo }) => {
  const values = { SECRET: [secret] };

  test('is answered once its signature is good', () => {
    const { challenge, verified } = verify(preset, values, signed(preset, signsWith, sampleDelivery(sample)));
    expect([verified, challenge?.status, String(challenge?.body)]).toEqual([
      `signature:${preset}`,
      200,
      expect.stringMatching(echo),
    ]);
  });

  test.each([
    ['with a wrong signature', signed(preset, wrong, sampleDelivery(sample))],
    ['without one', inboundOf(sampleDelivery(sample).headers, Buffer.from(sampleDelivery(sample).body).toString())],
  ])('%s is refused, and nothing of it is parsed or repeated', (_how, inbound) => {
    const parse = vi.spyOn(JSON, 'parse');
    const decode = vi.spyOn(TextDecoder.prototype, 'decode');
    let refusal: unknown;
    try {
      verify(preset, values, inbound);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toMatchObject({ code: 'signature.refused' });
    expect(String(refusal)).not.toMatch(echo);
    expect([parse.mock.calls, decode.mock.calls]).toEqual([[], []]);
  });
});

describe('a challenge that nobody signs', () => {
  test('of Meta needs the verify token', () => {
    const asking = (token: string) =>
      verify(
        'meta',
        { APP: ['the-app-secret'], VERIFY: ['verify_me'] },
        inboundOf({}, '', {
          method: 'GET',
          search: `hub.mode=subscribe&hub.challenge=115&hub.verify_token=${token}`,
        }),
      );
    expect(asking('verify_me')).toMatchObject({ verified: 'verify_token', challenge: { status: 200, body: '115' } });
    expect(asking('verify_you')).toMatchObject({ verified: 'none', challenge: { status: 403 } });
  });

  test('of Microsoft Graph is echoed, and shows nothing', () => {
    const inbound = inboundOf({}, '', { search: 'validationToken=abc' });
    expect(verify('microsoft-graph', { STATE: ['client-state'] }, inbound)).toMatchObject({
      verified: 'none',
      challenge: { status: 200, body: 'abc' },
    });
  });
});

test('the sender is the one whose secret made the signature, whichever value of it', () => {
  const values = { ONE: ['of-one-new', 'of-one-old'], TWO: ['of-two'] };
  const senderOf = (secret: string) =>
    verify('github', values, signed('github', secret, sampleDelivery('github.push'))).sender;
  expect(['of-one-new', 'of-one-old', 'of-two'].map(senderOf)).toEqual(['ONE', 'ONE', 'TWO']);
});
