/** Senders ask whether an address is there, and the dialect `hooks` answers, each in its way. */
import { createHmac } from 'node:crypto';
import { type Trigger } from '@millrace/contracts';
import { type PresetName, signRequest } from '@millrace/webhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type HooksGateway, JSON_TYPE, SECRETS, signed, startHooksGateway } from '../../testing/start-hooks-gateway.ts';

const TRIGGERS: readonly Trigger[] = [
  signed('/slack', 'slack', 'SLACK_SECRET'),
  signed('/meta', 'meta', 'META_SECRET', { methods: ['GET', 'POST'] }),
  signed('/graph', 'microsoft-graph', 'GRAPH_SECRET'),
  signed('/zoom', 'zoom', 'ZOOM_SECRET'),
  signed('/twitch', 'twitch', 'TWITCH_SECRET'),
];

let hooks: HooksGateway;
beforeAll(async () => {
  hooks = await startHooksGateway(TRIGGERS);
});
afterAll(() => hooks.gateway.close());

describe('questions that senders ask before they send', () => {
  const now = Date.now();
  const ask = async (preset: PresetName, secret: string, body: string, more: Record<string, string> = {}) => {
    const path = `/${preset}`;
    const headers = signRequest(preset, {
      secret,
      url: `http://hooks.gateway.test/hooks${path}`,
      body: Buffer.from(body),
      deliveryId: 'q-1',
      nowMs: now,
    });
    return hooks.send(path, { headers: { ...JSON_TYPE, ...headers, ...more }, body });
  };
  let before: number;
  beforeAll(async () => {
    before = await hooks.logEnd();
  });

  test('Slack: url_verification', async () => {
    const body = '{"type":"url_verification","challenge":"3eZbrw1a","token":"t"}';
    const answer = await ask('slack', SECRETS.SLACK_SECRET, body);
    expect([answer.statusCode, answer.body]).toEqual([200, '3eZbrw1a']);
  });

  test('Slack: an unsigned url_verification is no question', async () => {
    const answer = await hooks.send('/slack', {
      headers: JSON_TYPE,
      body: '{"type":"url_verification","challenge":"x"}',
    });
    expect(answer.statusCode).toBe(401);
  });

  test('Meta: hub.challenge by GET, for the verify token only', async () => {
    const query = '?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=';
    const right = await hooks.send(`/meta${query}${SECRETS.META_SECRET}`, { method: 'GET' });
    expect([right.statusCode, right.body]).toEqual([200, '1158201444']);
    expect((await hooks.send(`/meta${query}wrong`, { method: 'GET' })).statusCode).toBe(403);
  });

  test('Microsoft Graph: validationToken as plain text', async () => {
    const answer = await hooks.send('/graph?validationToken=Validation%3A+Testing', {
      headers: { 'content-length': '0' },
    });
    expect([answer.statusCode, answer.headers['content-type'], answer.body]).toEqual([
      200,
      expect.stringMatching(/^text\/plain/),
      'Validation: Testing',
    ]);
  });

  test('Zoom: the plain token, and the same encrypted', async () => {
    const body = '{"event":"endpoint.url_validation","payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"}}';
    const answer = await ask('zoom', SECRETS.ZOOM_SECRET, body);
    const encryptedToken = createHmac('sha256', SECRETS.ZOOM_SECRET).update('qgg8vlvZRS6UYooatFL8Aw').digest('hex');
    expect([answer.statusCode, answer.json()]).toEqual([200, { plainToken: 'qgg8vlvZRS6UYooatFL8Aw', encryptedToken }]);
  });

  test('Twitch: the challenge of a subscription', async () => {
    const answer = await ask('twitch', SECRETS.TWITCH_SECRET, '{"challenge":"pogchamp"}', {
      'twitch-eventsub-message-type': 'webhook_callback_verification',
    });
    expect([answer.statusCode, answer.body]).toEqual([200, 'pogchamp']);
  });

  test('none of them starts a run', async () => {
    expect(await hooks.logEnd()).toBe(before);
  });
});
