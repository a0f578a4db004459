/** Senders that sign what they send to a route of one's own. */
import { createHmac } from 'node:crypto';
import { sampleDelivery, type SampleName, type SignatureRule, signRequest } from '@millrace/webhooks';
import { expect } from 'vitest';
import { type World } from '../world.ts';
import { type Fact } from './fact.ts';
import { UUID } from './windmill-calls.ts';
import { FACT_SECRETS } from './workflows.ts';

const SECRET = FACT_SECRETS.SENDERS;
const TEXT = { 'content-type': 'application/json' };
/** Of `from/custom`, as it is declared. */
const CUSTOM: SignatureRule = {
  preset: 'hmac',
  header: 'X-Digest',
  prefix: 'sha512:',
  algorithm: 'sha512',
  encoding: 'base64url',
};

interface Delivery {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a sender sends, unsigned; a text that only this call has, so that it is no repeat of another. */
const unsigned = (sample: SampleName): Delivery => {
  const { headers, body } = sampleDelivery(sample);
  return { headers, body: Buffer.from(body).toString() };
};

const signatureOf = (rule: SignatureRule, body: string, nowMs = Date.now()) =>
  signRequest(rule, {
    secret: SECRET,
    url: 'http://localhost/api/r/from', // nobody of these signs it
    body: Buffer.from(body),
    deliveryId: crypto.randomUUID(),
    nowMs,
  });

const deliver = async ({ call }: World, sender: string, { headers, body }: Delivery) => {
  const { status, text, headers: answered } = await call(`/api/r/from/${sender}`, { token: null, headers, body });
  return { status, text, type: answered.get('content-type') };
};

/** A signed delivery is taken; with another body it is refused as JSON, without a signature as text. */
const isTaken = async (world: World, rule: SignatureRule, sample: SampleName, sender: string): Promise<void> => {
  const { headers, body } = unsigned(sample);
  const signed = { ...headers, ...signatureOf(rule, body) };
  expect(await deliver(world, sender, { headers: signed, body })).toMatchObject({
    status: 201,
    text: expect.stringMatching(UUID) as string,
  });
  const bad = { status: 401, text: '{"error":"signature invalid"}' };
  expect(await deliver(world, sender, { headers: signed, body: `${body} ` })).toMatchObject(bad);
  const none = { status: 400, text: expect.stringMatching(/^Bad request: .*header/) as string };
  expect(await deliver(world, sender, { headers, body })).toMatchObject(none);
};

/** A challenge is answered to whoever signs it, and to nobody else. */
const isEchoed = async (world: World, sender: 'slack' | 'twitch' | 'zoom', sample: SampleName) => {
  const { headers, body } = unsigned(sample);
  expect((await deliver(world, sender, { headers, body })).status).toBe(400);
  return deliver(world, sender, { headers: { ...headers, ...signatureOf({ preset: sender }, body) }, body });
};

const PRESETS: readonly (readonly [
  preset: 'github' | 'slack' | 'stripe' | 'tiktok' | 'twitch' | 'zoom',
  SampleName,
])[] = [
  ['github', 'github.push'],
  ['slack', 'slack.event'],
  ['stripe', 'stripe.charge'],
  ['tiktok', 'tiktok.upload'],
  ['twitch', 'twitch.follow'],
  ['zoom', 'zoom.meeting'],
];

export const WINDMILL_SIGNATURES: readonly Fact[] = [
  ...PRESETS.map(([preset, sample]): Fact => ({
    shows: [`1.6/signature-${preset}`, '1.6/signature-401', '1.6/signature-400'],
    says: `routes: what ${preset} signs is taken; changed it is 401, unsigned 400`,
    show: (world) => isTaken(world, { preset }, sample, preset),
  })),
  {
    shows: ['1.6/signature-custom'],
    says: 'routes: a signature of one’s own, with digest, encoding and prefix; and that of Meta',
    show: async (world) => {
      await isTaken(world, CUSTOM, 'hmac.event', 'custom');
      await isTaken(world, { preset: 'meta' }, 'meta.message', 'meta');
    },
  },
  {
    shows: ['1.6/signature-tolerance'],
    says: 'routes: a good signature that is older than 300 s is 401 here; without its time it is 400',
    show: async (world) => {
      const { headers, body } = unsigned('slack.event');
      const old = signatureOf({ preset: 'slack' }, body, Date.now() - 301_000);
      expect((await deliver(world, 'slack', { headers: { ...headers, ...old }, body })).status).toBe(401);
      const { 'x-slack-signature': mac = '' } = signatureOf({ preset: 'slack' }, body);
      expect((await deliver(world, 'slack', { headers: { ...headers, 'x-slack-signature': mac }, body })).status).toBe(
        400,
      );
    },
  },
  {
    shows: ['1.6/signature-twitch', '1.6/signature-zoom', '1.6/challenges'],
    says: 'routes: Twitch gets its challenge as text, Zoom its token encrypted, Slack its challenge: whoever signs',
    show: async (world) => {
      expect(await isEchoed(world, 'twitch', 'twitch.verification')).toEqual({
        status: 200,
        type: expect.stringContaining('text/plain') as string,
        text: 'pogchamp-kappa-360noscope-vohiyo',
      });
      const plainToken = 'qgg8vlvZRS6UYooatFL8Aw';
      const zoom = await isEchoed(world, 'zoom', 'zoom.url_validation');
      expect([zoom.status, JSON.parse(zoom.text)]).toEqual([
        200,
        { plainToken, encryptedToken: createHmac('sha256', SECRET).update(plainToken).digest('hex') },
      ]);
      const slack = await isEchoed(world, 'slack', 'slack.url_verification');
      expect([slack.status, slack.text]).toEqual([200, expect.stringContaining('3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALW')]);
    },
  },
  {
    shows: ['1.6/challenges'],
    says: 'routes: Meta asks by GET with the verify token, Graph with a token to echo; then their notifications are taken',
    show: async (world) => {
      const ask = (token: string) =>
        world.call(`/api/r/from/meta?hub.mode=subscribe&hub.challenge=42&hub.verify_token=${token}`, {
          method: 'GET',
          token: null,
        });
      const [known, unknown] = [await ask(FACT_SECRETS.VERIFY), await ask('verify_another')];
      expect([known.status, known.text, unknown.status]).toEqual([200, '42', 403]);
      const graph = await world.call('/api/r/from/microsoft-graph?validationToken=a%20b', { token: null });
      expect([graph.status, graph.text]).toEqual([200, 'a b']);
      const notify = async (clientState: string) => {
        const body = Buffer.from(sampleDelivery('microsoft-graph.created', clientState).body).toString();
        return (await deliver(world, 'microsoft-graph', { headers: TEXT, body })).status;
      };
      expect([await notify(SECRET), await notify('another')]).toEqual([201, 401]);
      expect(await world.runsOf('shop/senders')).toBeGreaterThan(0);
    },
  },
];
