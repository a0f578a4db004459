import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  challengeAnswer,
  type PresetName,
  presetNames,
  sampleDelivery,
  sampleNames,
  type SignedRequest,
} from './index.ts';

const sampleRequest = (name: string): SignedRequest => {
  const { headers, body } = sampleDelivery(name);
  return { method: 'POST', url: 'https://hooks.example.com/in', headers, body };
};
const calling = (method: string, url: string): SignedRequest => ({ method, url, headers: {}, body: Buffer.alloc(0) });

describe('questions that are signed', () => {
  test.each([
    ['slack', 'slack.url_verification', 'text/plain', '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P'],
    ['twitch', 'twitch.verification', 'text/plain', 'pogchamp-kappa-360noscope-vohiyo'],
    ['discord', 'discord.ping', 'application/json', '{"type":1}'],
    [
      'zoom',
      'zoom.url_validation',
      'application/json',
      JSON.stringify({
        plainToken: 'qgg8vlvZRS6UYooatFL8Aw',
        encryptedToken: createHmac('sha256', 's').update('qgg8vlvZRS6UYooatFL8Aw').digest('hex'),
      }),
    ],
  ] as const)('%s: %s', (preset, name, contentType, body) => {
    expect(challengeAnswer(preset, sampleRequest(name), ['s'])).toEqual({
      status: 200,
      contentType,
      body,
      needsSignature: true,
    });
  });

  test('Discord’s ping of webhook events has an empty answer', () => {
    const ping = { ...sampleRequest('discord.ping'), body: Buffer.from('{"version":1,"application_id":"1","type":0}') };
    expect(challengeAnswer('discord', ping, [])).toMatchObject({ status: 204, body: '', needsSignature: true });
  });

  test('Zoom is not answered about a text that could be a signed message, nor without a secret', () => {
    const asking = (plainToken: unknown): SignedRequest => ({
      ...sampleRequest('zoom.url_validation'),
      body: Buffer.from(JSON.stringify({ event: 'endpoint.url_validation', payload: { plainToken } })),
    });
    for (const token of ['v0:1795262400:{"event":"meeting.started"}', '', 7, null, 'a'.repeat(257)]) {
      expect(challengeAnswer('zoom', asking(token), ['s'])).toBeUndefined();
    }
    expect(challengeAnswer('zoom', asking('abc'), [''])).toBeUndefined();
  });
});

describe('Meta’s hub.challenge', () => {
  const asking = (token: string, mode = 'subscribe') =>
    calling('GET', `https://hooks.example.com/in?hub.mode=${mode}&hub.challenge=1158201444&hub.verify_token=${token}`);
  const secrets = ['app-secret', 'verify_old', 'verify_me'];

  test('is answered to who knows one of the verify tokens', () => {
    const answer = { status: 200, contentType: 'text/plain', body: '1158201444', needsSignature: false };
    expect(challengeAnswer('meta', asking('verify_me'), secrets)).toEqual(answer);
    expect(challengeAnswer('meta', asking('verify_old'), secrets)).toEqual(answer);
  });

  test('is refused for another token, an empty one, and for the app secret, which must not travel in a URL', () => {
    for (const token of ['verify_you', '', 'app-secret']) {
      expect(challengeAnswer('meta', asking(token), secrets)).toMatchObject({ status: 403 });
    }
    expect(challengeAnswer('meta', asking('verify_me'), [])).toMatchObject({ status: 403 });
  });

  test('is nothing else: another mode, another method', () => {
    expect(challengeAnswer('meta', asking('verify_me', 'unsubscribe'), secrets)).toBeUndefined();
    expect(challengeAnswer('meta', { ...asking('verify_me'), method: 'POST' }, secrets)).toBeUndefined();
  });
});

describe('Microsoft Graph’s validationToken', () => {
  test('is echoed as plain text, decoded, whatever is in it', () => {
    const url = 'https://hooks.example.com/in?validationToken=Validation%3A+Testing+%3Cscript%3E';
    expect(challengeAnswer('microsoft-graph', calling('POST', url), ['state'])).toEqual({
      status: 200,
      contentType: 'text/plain',
      body: 'Validation: Testing <script>',
      needsSignature: false,
    });
    expect(challengeAnswer('microsoft-graph', calling('GET', url), ['state'])).toBeUndefined();
  });

  test('is not echoed when it is longer than any real one', () => {
    const url = `https://hooks.example.com/in?validationToken=${'a'.repeat(5_000)}`;
    expect(challengeAnswer('microsoft-graph', calling('POST', url), ['state'])).toBeUndefined();
  });
});

test('what is no question has no answer', () => {
  const questions = ['slack.url_verification', 'twitch.verification', 'discord.ping', 'zoom.url_validation'];
  const others = sampleNames.filter((name) => !questions.includes(name));
  expect(others.length).toBeGreaterThan(10);
  for (const name of others) {
    expect(challengeAnswer(sampleDelivery(name).preset, sampleRequest(name), ['s']), name).toBeUndefined();
  }
});

test('nothing throws, whatever is asked (A9)', () => {
  const json = fc.json().map((text) => Buffer.from(text));
  const asked = fc.record({
    method: fc.constantFrom('GET', 'POST'),
    url: fc.oneof(
      fc.string(),
      fc.string().map((query) => `https://a.example/?validationToken=%&hub.mode=${query}`),
    ),
    headers: fc.constantFrom({}, { 'twitch-eventsub-message-type': 'webhook_callback_verification' }),
    body: fc.oneof(json, fc.uint8Array()),
  });
  fc.assert(
    fc.property(fc.constantFrom<PresetName>(...presetNames), asked, (preset, request) => {
      challengeAnswer(preset, request, ['s']);
    }),
    { numRuns: 300 },
  );
});
