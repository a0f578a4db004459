/** Which signed deliveries are the same one: what their senders signed decides, and the address. */
import { type Trigger } from '@millrace/contracts';
import { type SignatureRule, signRequest } from '@millrace/webhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type HooksGateway, JSON_TYPE, SECRETS, signed, startHooksGateway } from '../../testing/start-hooks-gateway.ts';

const SECRET = 'GITHUB_SECRET';
const BODY = '{"n":1}';
const hmac = { header: 'X-Sig', deliveryHeader: 'X-Id' };
const BY_ID = { ...hmac, template: '{id}.{body}' };
const BY_TIME = { ...hmac, timestampHeader: 'X-Time' };

const byHmac = (path: string, rule: Readonly<Record<string, string>>): Trigger =>
  signed(path, 'hmac', SECRET, { signature: { preset: 'hmac', secrets: [SECRET], rule } });

const TRIGGERS: readonly Trigger[] = [
  signed('/twilio', 'twilio', SECRET, { methods: ['GET', 'POST'] }),
  byHmac('/by-id', BY_ID),
  byHmac('/by-time', BY_TIME),
  signed('/orders/:id', 'github', SECRET),
];

let hooks: HooksGateway;
beforeAll(async () => {
  hooks = await startHooksGateway(TRIGGERS);
});
afterAll(() => hooks.gateway.close());

interface Delivery {
  readonly method?: 'GET' | 'POST';
  readonly body?: string;
  readonly id?: string;
  /** Of the signature, in seconds from now. */
  readonly after?: number;
}

/** Sends what the sender signed, and says how it was answered and with which run. */
const deliver = async (rule: SignatureRule, path: string, delivery: Delivery = {}) => {
  const { method = 'POST', body = method === 'GET' ? '' : BODY, id = 'd-1', after = 0 } = delivery;
  const headers = signRequest(rule, {
    secret: SECRETS[SECRET],
    method,
    url: `http://gateway.test/hooks${path}`,
    body: Buffer.from(body),
    deliveryId: id,
    nowMs: Date.now() + after * 1_000,
  });
  const answer = await hooks.send(path, {
    method,
    headers: method === 'GET' ? headers : { ...JSON_TYPE, ...headers },
    ...(method === 'GET' ? {} : { body }),
  });
  return { status: answer.statusCode, run: answer.json<{ run_id: string }>().run_id };
};

interface Case {
  readonly what: string;
  readonly rule: SignatureRule;
  readonly events: readonly (readonly [path: string, delivery: Delivery])[];
  /** What of a delivery nobody, or only its time, has signed. */
  readonly repeatedWith: Delivery;
}

const CASES: readonly Case[] = [
  {
    what: 'Twilio by GET: the query',
    rule: { preset: 'twilio' },
    events: [
      ['/twilio?MessageSid=SM1', { method: 'GET' }],
      ['/twilio?MessageSid=SM2', { method: 'GET' }],
    ],
    repeatedWith: { id: 'another' },
  },
  {
    what: 'an id that the template names',
    rule: { preset: 'hmac', ...BY_ID },
    events: [
      ['/by-id', { id: 'a' }],
      ['/by-id', { id: 'b' }],
    ],
    repeatedWith: {},
  },
  {
    what: 'the body, not its time',
    rule: { preset: 'hmac', ...BY_TIME },
    events: [
      ['/by-time', { body: '{"n":1}' }],
      ['/by-time', { body: '{"n":2}' }],
    ],
    repeatedWith: { after: 60, id: 'another' },
  },
  {
    what: 'an address with a parameter',
    rule: { preset: 'github' },
    events: [
      ['/orders/1', {}],
      ['/orders/2', {}],
    ],
    repeatedWith: { id: 'another' },
  },
];

test.each(CASES)('$what makes two deliveries two runs, and each again is its first', async (given) => {
  const first = await Promise.all(given.events.map(([path, delivery]) => deliver(given.rule, path, delivery)));
  expect(first.map(({ status }) => status)).toEqual([202, 202]);
  expect(new Set(first.map(({ run }) => run)).size).toBe(2);
  for (const [index, [path, delivery]] of given.events.entries()) {
    const again = await deliver(given.rule, path, { ...delivery, ...given.repeatedWith });
    expect(again).toEqual({ status: 200, run: first[index]?.run });
  }
});

test('an address that is written in another way is the same address', async () => {
  const rule: SignatureRule = { preset: 'github' };
  const first = await deliver(rule, '/orders/seven');
  const again = await deliver(rule, '/orders/%73even');
  expect([first.status, again]).toEqual([202, { status: 200, run: first.run }]);
});
