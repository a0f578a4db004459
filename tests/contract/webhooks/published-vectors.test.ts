import {
  challengeAnswer,
  type PresetName,
  presetNames,
  sampleDelivery,
  type SignatureRule,
  type SignedRequest,
  signRequest,
  verifySignature,
} from '@millrace/webhooks';
import { describe, expect, test } from 'vitest';

/** Signatures that the senders themselves show in their documentation or in the tests of their libraries. */
interface Vector {
  readonly preset: PresetName;
  /** Where the preset needs more than its name. */
  readonly rule?: Omit<SignatureRule, 'preset'>;
  readonly source: string;
  readonly secret: string;
  readonly now: number;
  readonly headers: SignedRequest['headers'];
  readonly body: string;
}

const VECTORS: readonly Vector[] = [
  {
    preset: 'github',
    source: 'docs.github.com, "Testing the webhook payload validation"',
    secret: "It's a Secret to Everybody",
    now: 0,
    headers: { 'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17' },
    body: 'Hello, World!',
  },
  {
    preset: 'slack',
    source: 'docs.slack.dev, "Verifying requests from Slack"',
    secret: '8f742231b10e8888abcd99yyyzzz85a5',
    now: 1_531_420_618_000,
    headers: {
      'x-slack-request-timestamp': '1531420618',
      'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
    },
    body: 'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
  },
  {
    preset: 'standard-webhooks',
    source: 'the tests of the reference libraries',
    secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    now: 1_614_265_330_000,
    headers: {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    },
    body: '{"test": 2432232314}',
  },
  {
    preset: 'standard-webhooks',
    source: 'v1a: TestAsymmetricWebhookSign in libraries/go of standard-webhooks/standard-webhooks',
    secret: 'whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=',
    now: 1_614_265_330_000,
    headers: {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature':
        'v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag==',
    },
    body: '{"test": 2432232314}',
  },
  {
    preset: 'shopify',
    source: 'webhooks/__tests__/validate.test.ts in packages/apps/shopify-api of Shopify/shopify-app-js',
    secret: 'test_secret_key',
    now: 0,
    headers: { 'x-shopify-hmac-sha256': 'B23tXN681gZ0qIWNRrgtzBE9XSDo5yaUu6wfmhu3a7g=' },
    body: '{"foo": "bar"}',
  },
  {
    preset: 'gitlab',
    source:
      'a signing token, of which its documentation says that it signs as Standard Webhooks do: the vector of those',
    secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    now: 1_614_265_330_000,
    headers: {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    },
    body: '{"test": 2432232314}',
  },
  {
    preset: 'twitch',
    source: 'secret and message of dev.twitch.tv, signature as in the tests of nicklaw5/helix',
    secret: 's3cRe7',
    now: Date.parse('2019-11-16T10:11:12.123Z'),
    headers: {
      'twitch-eventsub-message-id': 'e76c6bd4-55c9-4987-8304-da1588d8988b',
      'twitch-eventsub-message-timestamp': '2019-11-16T10:11:12.123Z',
      'twitch-eventsub-message-signature': 'sha256=7e5a96480c29cdf834b371e7a5b049638cba6e425ea51b9b2a9fabf69bc5d227',
    },
    body: '{"challenge":"pogchamp-kappa-360noscope-vohiyo","subscription":{"id":"f1c2a387-161a-49f9-a165-0f21d7a4e1c4","status":"webhook_callback_verification_pending","type":"channel.follow","version":"1","condition":{"broadcaster_user_id":"12826"},"transport":{"method":"webhook","callback":"https://example.com/webhooks/callback"},"created_at":"2019-11-16T10:11:12.123Z"}}',
  },
  ...(
    [
      { preset: 'meta', header: 'x-hub-signature-256' },
      { preset: 'bifrost-generic', header: 'x-signature-256' },
      { preset: 'hmac', header: 'x-sig', rule: { header: 'X-Sig', prefix: 'sha256=' } },
    ] as const
  ).map(({ preset, header, ...rest }) => ({
    ...rest,
    preset,
    source: `its documentation describes the scheme of GitHub in ${header}: the vector of GitHub`,
    secret: "It's a Secret to Everybody",
    now: 0,
    headers: { [header]: 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17' },
    body: 'Hello, World!',
  })),
  // Of these the sender shows no signature together with its secret: OpenSSL made them as its documentation says.
  {
    preset: 'zoom',
    source: "OpenSSL: printf %s 'v0:1795262400:<body>' | openssl dgst -sha256 -hmac secretValueTest",
    secret: 'secretValueTest',
    now: 1_795_262_400_000,
    headers: {
      'x-zm-request-timestamp': '1795262400',
      'x-zm-signature': 'v0=cb73841202f2743fdcf5c7d261e23f3e08e5c8e42a8520749dfee6b6877ece4b',
    },
    body: '{"event":"meeting.started"}',
  },
  {
    preset: 'tiktok',
    source: "OpenSSL: printf %s '1795262400.<body>' | openssl dgst -sha256 -hmac hush",
    secret: 'hush',
    now: 1_795_262_400_000,
    headers: {
      'tiktok-signature': 't=1795262400,s=71bc80f6a3ae11eb2bf991a186c9ee225385f6e314e8d3ccc2083ea16e196ee9',
    },
    body: '{"event":"video.publish.completed"}',
  },
  // Ed25519 is deterministic: the first key pair of RFC 8032, section 7.1, and `openssl pkeyutl -sign -rawin`.
  {
    preset: 'discord',
    source: 'key pair of RFC 8032, signed by OpenSSL over timestamp and body',
    secret: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    now: 1_795_262_400_000,
    headers: {
      'x-signature-timestamp': '1795262400',
      'x-signature-ed25519':
        '1f32e49b2cafb3370b3d88ceba4ec5056b85969a39cc613056306d9da39894093bd0a0fdec6242b9002e3f06b685bcd5bd771c84ffad754d4bb10d18c68f3702',
    },
    body: '{"type":1}',
  },
];

/** Whose requests show the secret itself: there is nothing to compute. Stripe and Twilio: its own library, and below. */
const OTHERWISE: readonly PresetName[] = ['telegram', 'microsoft-graph', 'stripe', 'twilio'];

test('every preset that signs has a vector', () => {
  const shown = new Set([...VECTORS.map(({ preset }) => preset), ...OTHERWISE]);
  expect([...shown].toSorted()).toEqual([...presetNames].toSorted());
});

test.each(VECTORS)('$preset: $source', ({ preset, rule, secret, now, headers, body }) => {
  const request = (text: string): SignedRequest => ({
    method: 'POST',
    url: 'https://hooks.example.com/in',
    headers,
    body: new TextEncoder().encode(text),
  });
  expect(verifySignature({ ...rule, preset }, request(body), [secret], now)).toMatchObject({ ok: true });
  expect(verifySignature({ ...rule, preset }, request(`${body}\n`), [secret], now)).toMatchObject({ ok: false });
});

describe('twilio: the tests of its own libraries, auth token 12345', () => {
  const URL = 'https://mycompany.com/myapp.php?foo=1&bar=2';
  const FORM = 'Digits=1234&To=%2B18005551212&From=%2B14158675309&Caller=%2B14158675309&CallSid=CA1234567890ABCDE';
  const JSON_BODY = '{"property": "value", "boolean": true}';
  const JSON_URL = `${URL}&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620`;

  const verdict = (signature: string, url: string, body: string, contentType = 'application/x-www-form-urlencoded') =>
    verifySignature(
      { preset: 'twilio' },
      {
        method: 'POST',
        url,
        headers: { 'x-twilio-signature': signature, 'content-type': contentType },
        body: new TextEncoder().encode(body),
      },
      ['12345'],
      0,
    );

  test.each([
    ['a form', 'RSOYDt4T1cUTdK1PDd93/VVr8B8=', URL, FORM],
    [
      'a parameter with several values',
      'IK+Dwps556ElfBT0I3Rgjkr1wJU=',
      URL,
      'Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234',
    ],
    ['a port that Twilio leaves out', 'RSOYDt4T1cUTdK1PDd93/VVr8B8=', URL.replace('.com', '.com:1234'), FORM],
    [
      'a port that Twilio signs',
      'Zmvh+3yNM1Phv2jhDCwEM3q5ebU=',
      URL.replace('https', 'http').replace('.com', '.com:1234'),
      FORM,
    ],
    ['the default port of https', 'kvajT1Ptam85bY51eRf/AJRuM3w=', URL, FORM],
    ['the default port of http', '0ZXoZLH/DfblKGATFgpif+LLRf4=', URL.replace('https', 'http'), FORM],
    ['user and password', 'CukzLTc1tT5dXEDIHm/tKBanW10=', URL.replace('://', '://user:pass@'), FORM],
    ['a host in mixed case', 'g9IN/x4Cft2g517EjYvEvM/W7LU=', URL.replace('mycompany', 'MyCompany'), FORM],
  ])('%s', (_, signature, url, body) => {
    expect(verdict(signature, url, body)).toMatchObject({ ok: true });
    expect(verdict(signature, url, `${body}&more=1`)).toMatchObject({ ok: false, reason: 'bad_signature' });
  });

  test('JSON, with bodySHA256 in the URL', () => {
    const signature = 'a9nBmqA0ju/hNViExpshrM61xv4=';
    expect(verdict(signature, JSON_URL, JSON_BODY, 'application/json')).toMatchObject({ ok: true });
    expect(verdict(signature, JSON_URL, `${JSON_BODY} `, 'application/json')).toMatchObject({ ok: false });
    expect(verdict('RSOYDt4T1cUTdK1PDd93/VVr8B8=', URL, JSON_BODY, 'application/json')).toMatchObject({ ok: false });
  });
});

test('zoom: the answer to its validation, as the tests of elastic/beats have it for the example of developers.zoom.us', () => {
  const { body, headers } = sampleDelivery('zoom.url_validation');
  const request = { method: 'POST', url: 'https://hooks.example.com/in', headers, body };
  const answer = challengeAnswer('zoom', request, ['secretValueTest']);
  expect(JSON.parse(answer?.body ?? '')).toEqual({
    plainToken: 'qgg8vlvZRS6UYooatFL8Aw',
    encryptedToken: '70c1f2e2e6ca2d39297490d1f9142c7d701415ea8e6151f6562a08fa657a40ff',
  });
});

/** Those of which the secret signs, too. */
const SIGNABLE = VECTORS.filter(({ preset, secret }) => preset !== 'discord' && !secret.startsWith('whpk_'));

test.each(SIGNABLE)('$preset: $source: what we sign is the same', ({ preset, rule, secret, now, headers, body }) => {
  const idHeader = Object.keys(headers).find((name) => /^(?:webhook|twitch.*)-id$/.test(name)) ?? '';
  const input = {
    secret,
    url: 'https://hooks.example.com/in',
    body: Buffer.from(body),
    deliveryId: headers[idHeader] ?? '1',
    nowMs: now,
  };
  expect(signRequest({ ...rule, preset }, input)).toMatchObject(headers);
});
