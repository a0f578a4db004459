import { generateKeyPairSync, sign } from 'node:crypto';
import { type PresetName, type SignedRequest, signRequest, verifySignature } from '@millrace/webhooks';
import { describe, expect, test } from 'vitest';

/** Signatures that the senders themselves show in their documentation or in the tests of their libraries. */
interface Vector {
  readonly preset: PresetName;
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
];

test.each(VECTORS)('$preset: $source', ({ preset, secret, now, headers, body }) => {
  const request = (text: string): SignedRequest => ({
    method: 'POST',
    url: 'https://hooks.example.com/in',
    headers,
    body: new TextEncoder().encode(text),
  });
  expect(verifySignature({ preset }, request(body), [secret], now)).toMatchObject({ ok: true });
  expect(verifySignature({ preset }, request(`${body}\n`), [secret], now)).toMatchObject({ ok: false });
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

test('discord: a key pair of Node, timestamp and body signed as the documentation says', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const publicHex = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
  const body = '{"type":1}';
  const headers = {
    'x-signature-timestamp': '1795262400',
    'x-signature-ed25519': sign(null, Buffer.from(`1795262400${body}`), privateKey).toString('hex'),
  };
  const request = { method: 'POST', url: 'https://hooks.example.com/in', headers, body: Buffer.from(body) };
  const other = generateKeyPairSync('ed25519')
    .publicKey.export({ format: 'der', type: 'spki' })
    .subarray(-32)
    .toString('hex');
  const rule = { preset: 'discord' } as const;
  expect(verifySignature(rule, request, [other, publicHex], 1_795_262_400_000)).toMatchObject({ ok: true });
  expect(verifySignature(rule, request, [other], 1_795_262_400_000)).toMatchObject({ reason: 'bad_signature' });
});

test('shopify: as OpenSSL makes it, for the documentation shows no signature', () => {
  // printf '%s' '<body>' | openssl dgst -sha256 -hmac hush -binary | base64
  const headers = { 'x-shopify-hmac-sha256': 'D0UMXmhjwBRi4y66TmhJrDlhQABD7zI2fm3p6/QLMo8=' };
  const body = new TextEncoder().encode('{"id":820982911946154508,"email":"jon@example.com"}');
  const request = { method: 'POST', url: 'https://hooks.example.com/in', headers, body };
  expect(verifySignature({ preset: 'shopify' }, request, ['hush'], 0)).toMatchObject({ ok: true });
  const input = { secret: 'hush', url: request.url, body, deliveryId: '1', nowMs: 0 };
  expect(signRequest('shopify', input)).toMatchObject(headers);
});
