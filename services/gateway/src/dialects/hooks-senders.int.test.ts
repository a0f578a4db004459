/** Real senders call the dialect `hooks`: what they sign is made by their own libraries. */
import { createHmac } from 'node:crypto';
import { Webhooks } from '@octokit/webhooks';
import { isValidSlackRequest } from '@slack/bolt';
import { CloudEvent, HTTP } from 'cloudevents';
import { Webhook } from 'standardwebhooks';
import { Stripe } from 'stripe';
import { type Trigger } from '@millrace/contracts';
import { signRequest } from '@millrace/webhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lastEvent } from '../../testing/play-executor.ts';
import {
  type HooksGateway,
  JSON_TYPE,
  open,
  SECRETS,
  signed,
  startHooksGateway,
} from '../../testing/start-hooks-gateway.ts';

const TRIGGERS: readonly Trigger[] = [
  signed('/github', 'github', 'GITHUB_SECRET', { conditions: ['body.ref == "refs/heads/main"'] }),
  signed('/stripe', 'stripe', 'STRIPE_SECRET'),
  signed('/slack', 'slack', 'SLACK_SECRET'),
  signed('/standard', 'standard-webhooks', 'STANDARD_SECRET'),
  open('/events', { id: 'events' }),
  open('/few-events', { id: 'few-events', rateLimit: { requests: 2, per: 86_400 } }),
  signed('/few', 'github', 'GITHUB_SECRET', { rateLimit: { requests: 2, per: 86_400 } }),
  open('/wanted', { id: 'wanted', conditions: ['trigger.event.type == "wanted"'] }),
];

let hooks: HooksGateway;
beforeAll(async () => {
  hooks = await startHooksGateway(TRIGGERS);
});
afterAll(() => hooks.gateway.close());

describe('senders with libraries of their own', () => {
  const github = new Webhooks({ secret: SECRETS.GITHUB_SECRET });
  const push = JSON.stringify({ ref: 'refs/heads/main', after: 'abc' });
  const githubHeaders = async (body: string, delivery: string, type = 'application/json') => ({
    'content-type': type,
    'x-github-event': 'push',
    'x-github-delivery': delivery,
    'x-hub-signature-256': await github.sign(body),
  });

  test('@octokit/webhooks: a signed push starts a run, and the same delivery again is answered 200 with that run', async () => {
    const headers = await githubHeaders(push, 'd-1');
    const first = await hooks.send('/github', { headers, body: push });
    expect(first.statusCode).toBe(202);
    expect(await hooks.input()).toEqual({ ref: 'refs/heads/main', after: 'abc' });
    expect(await lastEvent(hooks.gateway)).toMatchObject({
      data: { dialect: 'hooks', trigger: { id: '_github', verified: 'signature:github', delivery: 'd-1' } },
    });
    const again = await hooks.send('/github', { headers, body: push });
    expect([again.statusCode, again.json().run_id]).toEqual([200, first.json().run_id]);
  });

  test("GitHub's form: the field payload is the body, and the signature is over the form", async () => {
    const body = `payload=${encodeURIComponent(JSON.stringify({ ref: 'refs/heads/main', form: true }))}`;
    const headers = await githubHeaders(body, 'd-2', 'application/x-www-form-urlencoded');
    expect((await hooks.send('/github', { headers, body })).statusCode).toBe(202);
    expect(await hooks.input()).toEqual({ ref: 'refs/heads/main', form: true });
  });

  test('a push that no condition wants starts nothing: 204 with the reason, without a value of the request', async () => {
    const body = JSON.stringify({ ref: 'refs/heads/very-private' });
    const before = await hooks.logEnd();
    const answer = await hooks.send('/github', { headers: await githubHeaders(body, 'd-3'), body });
    expect([answer.statusCode, answer.body]).toEqual([204, '']);
    expect(answer.headers['millrace-filtered']).toBe('the condition is false: body.ref == "refs/heads/main"');
    expect(await hooks.logEnd()).toBe(before);
  });

  test.each([
    ['no signature', async () => ({ ...JSON_TYPE })],
    [
      'another secret',
      async () => ({ ...JSON_TYPE, 'x-hub-signature-256': await new Webhooks({ secret: 'x' }).sign(push) }),
    ],
    ['another body', async () => ({ ...JSON_TYPE, 'x-hub-signature-256': await github.sign(`${push} `) })],
  ])('a push with %s is 401 and starts nothing', async (_what, headers) => {
    const before = await hooks.logEnd();
    const answer = await hooks.send('/github', { headers: await headers(), body: push });
    expect([answer.statusCode, answer.json().code]).toEqual([401, 'signature.refused']);
    expect(await hooks.logEnd()).toBe(before);
  });

  test('stripe: an event signed by generateTestHeaderString starts a run', async () => {
    const payload = JSON.stringify({ id: 'evt_1', type: 'charge.succeeded' });
    const stripe = new Stripe('sk_test_unused');
    const header = stripe.webhooks.generateTestHeaderString({ payload, secret: SECRETS.STRIPE_SECRET });
    const answer = await hooks.send('/stripe', {
      headers: { ...JSON_TYPE, 'stripe-signature': header },
      body: payload,
    });
    expect(answer.statusCode).toBe(202);
    expect(await hooks.input()).toEqual({ id: 'evt_1', type: 'charge.succeeded' });
  });

  test('@slack/bolt: what bolt believes starts a run, and a slash command arrives as its fields', async () => {
    const body = 'command=%2Fdeploy&text=main';
    const timestamp = Math.floor(Date.now() / 1_000);
    const hmac = createHmac('sha256', SECRETS.SLACK_SECRET).update(`v0:${timestamp}:${body}`).digest('hex');
    const headers = { 'x-slack-signature': `v0=${hmac}`, 'x-slack-request-timestamp': timestamp } as const;
    expect(isValidSlackRequest({ signingSecret: SECRETS.SLACK_SECRET, body, headers })).toBe(true);
    const answer = await hooks.send('/slack', {
      headers: {
        ...headers,
        'x-slack-request-timestamp': String(timestamp),
        'content-type': 'application/x-www-form-urlencoded',
      },
      body,
    });
    expect(answer.statusCode).toBe(202);
    expect(await hooks.input()).toEqual({ command: '/deploy', text: 'main' });
  });

  test('standardwebhooks: what its sender signs starts a run', async () => {
    const body = JSON.stringify({ type: 'user.created', data: { id: 1 } });
    const now = new Date();
    const signature = new Webhook(SECRETS.STANDARD_SECRET).sign('msg_1', now, body);
    const headers = {
      ...JSON_TYPE,
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
      'webhook-signature': signature,
    };
    expect((await hooks.send('/standard', { headers, body })).statusCode).toBe(202);
    expect(await hooks.input()).toEqual({ type: 'user.created', data: { id: 1 } });
  });
});

describe('A10: what no signature covers decides nothing', () => {
  const sign = (id: string, body: string, more: Record<string, string> = {}) => ({
    headers: {
      ...JSON_TYPE,
      ...signRequest('standard-webhooks', {
        secret: SECRETS.STANDARD_SECRET,
        url: 'http://gateway.test/hooks/standard',
        body: Buffer.from(body),
        deliveryId: id,
        nowMs: Date.now(),
      }),
      ...more,
    },
    body,
  });
  const runOf = async (path: string, sent: ReturnType<typeof sign>): Promise<string> =>
    (await hooks.send(path, sent)).json<{ run_id: string }>().run_id;

  test('a delivery that is sent again under another Idempotency-Key is the same delivery', async () => {
    const sent = sign('msg_replayed', '{"n":1}');
    const first = await runOf('/standard', sent);
    for (const key of ['a', 'b']) {
      const replayed = { ...sent, headers: { ...sent.headers, 'idempotency-key': key } };
      expect(await runOf('/standard', replayed)).toBe(first);
    }
  });

  test('nor does one Idempotency-Key for all make two deliveries one', async () => {
    const more = { 'idempotency-key': 'always-the-same' };
    const [one, two] = [
      await runOf('/standard', sign('msg_1a', '{"n":1}', more)),
      await runOf('/standard', sign('msg_2a', '{"n":2}', more)),
    ];
    expect(one).not.toBe(two);
  });

  test('forged deliveries use up nothing of the rate of who signs', async () => {
    const body = '{"ref":"refs/heads/main"}';
    const forged = { ...JSON_TYPE, 'x-github-event': 'push', 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` };
    for (let count = 0; count < 5; count += 1) {
      expect((await hooks.send('/few', { headers: forged, body })).statusCode).toBe(401);
    }
    const statuses: number[] = [];
    for (const id of ['few-1', 'few-2', 'few-3']) {
      const signature = createHmac('sha256', SECRETS.GITHUB_SECRET).update(`{"id":"${id}"}`).digest('hex');
      const headers = { ...forged, 'x-github-delivery': id, 'x-hub-signature-256': `sha256=${signature}` };
      statuses.push((await hooks.send('/few', { headers, body: `{"id":"${id}"}` })).statusCode);
    }
    expect(statuses).toEqual([202, 202, 429]);
  });

  test('each event of a signed batch is a run of its own, and the same again when the batch is sent again', async () => {
    const event = (id: string) => ({ specversion: '1.0', id, source: '/tests', type: 'made', data: { id } });
    const sent = sign('msg_batch', JSON.stringify([event('one'), event('two')]), {
      'content-type': 'application/cloudevents-batch+json',
    });
    const runsOf = async (): Promise<readonly string[]> =>
      (await hooks.send('/standard', sent)).json<{ items: { run_id: string }[] }>().items.map(({ run_id: id }) => id);
    const runs = await runsOf();
    expect(new Set(runs).size).toBe(2);
    expect(await runsOf()).toEqual(runs);
  });
});

describe('cloudevents emitters', () => {
  const event = (id: string, type = 'wanted') =>
    new CloudEvent({ id, type, source: '/tests', data: { n: 1 }, extra: 'x' });

  const text = (body: unknown): string => (typeof body === 'string' ? body : JSON.stringify(body));

  test.each([
    ['binary', HTTP.binary(event('b-1'))],
    ['structured', HTTP.structured(event('s-1'))],
  ])('an event in %s mode: its data is the input, its attributes are recorded', async (mode, message) => {
    const answer = await hooks.send('/events', {
      headers: message.headers as Record<string, string>,
      body: text(message.body),
    });
    expect(answer.statusCode).toBe(202);
    expect(await lastEvent(hooks.gateway)).toMatchObject({
      data: { input: { n: 1 }, cloudEvent: { id: mode === 'binary' ? 'b-1' : 's-1', type: 'wanted', extra: 'x' } },
    });
  });

  const batch = (...events: readonly CloudEvent<unknown>[]) => ({
    headers: { 'content-type': 'application/cloudevents-batch+json' },
    body: JSON.stringify(events.map((each) => each.toJSON())),
  });

  test('a batch: each event is a run of its own', async () => {
    const answer = await hooks.send('/events', batch(event('1'), event('2')));
    expect(answer.statusCode).toBe(202);
    const runs = (answer.json().items as { readonly id: string; readonly run_id: string }[]).map(({ id }) => id);
    expect(runs).toEqual(['1', '2']);
  });

  test('an event that stands in a batch twice, by source and id, is started once', async () => {
    const other = new CloudEvent({ id: '1', type: 'wanted', source: '/others', data: { n: 1 } });
    const end = await hooks.logEnd();
    const answer = await hooks.send('/events', batch(event('1'), event('2'), event('1'), other, event('1', 'again')));
    expect(answer.statusCode).toBe(202);
    const { items } = answer.json<{ items: readonly { readonly run_id: string; readonly status: string }[] }>();
    const statuses = ['accepted', 'accepted', 'duplicate', 'accepted', 'duplicate'];
    expect(items.map(({ status }) => status)).toEqual(statuses);
    expect([items[2]?.run_id, items[4]?.run_id]).toEqual([items[0]?.run_id, items[0]?.run_id]);
    expect(new Set(items.map(({ run_id: id }) => id)).size).toBe(3);
    expect((await hooks.logEnd()) - end).toBeLessThanOrEqual(3);
    const filtered = await hooks.send('/wanted', batch(event('2', 'unwanted'), event('2', 'unwanted')));
    expect(filtered.json().items).toMatchObject([{ status: 'filtered' }, { status: 'filtered' }]);
  });

  test('one Idempotency-Key is for each event of the batch', async () => {
    const sent = batch(event('1'), event('2'));
    const keyed = { ...sent, headers: { ...sent.headers, 'idempotency-key': 'batch-1' } };
    const runs = (await hooks.send('/events', keyed)).json<{ items: { run_id: string }[] }>().items;
    expect(new Set(runs.map(({ run_id: id }) => id)).size).toBe(2);
    expect((await hooks.send('/events', keyed)).json<{ items: unknown }>().items).toEqual(runs);
  });

  test('each event of a batch counts as a request, and a batch has an end', async () => {
    const answer = await hooks.send('/few-events', batch(event('1'), event('2'), event('3')));
    expect([answer.statusCode, answer.json().items]).toMatchObject([
      207,
      [{ status: 'accepted' }, { status: 'accepted' }, { status: 'refused', code: 'trigger.over_rate' }],
    ]);
    const endless = batch(...Array.from({ length: 1_001 }, (_, index) => event(String(index))));
    const end = await hooks.logEnd();
    expect((await hooks.send('/events', endless)).statusCode).toBe(413);
    expect(await hooks.logEnd()).toBe(end);
  });

  test('a condition is asked of each event of a batch', async () => {
    const answer = await hooks.send('/wanted', batch(event('1'), event('2', 'unwanted')));
    expect(answer.statusCode).toBe(207);
    expect(answer.json().items).toMatchObject([{ status: 'accepted' }, { status: 'filtered' }]);
  });
});
