import { createHmac } from 'node:crypto';
import { eventually } from '@millrace/testkit';
import { sampleDelivery, type SampleName } from '@millrace/webhooks';
import { expect } from 'vitest';
import { type World } from '../world.ts';
import { type Fact } from './fact.ts';
import { ECHO, execution, hook, refusal, WEBHOOKS } from './kestra-calls.ts';
import { unrecorded } from './unrecorded.ts';
import { FACT_KEYS, FACT_SECRETS } from './workflows.ts';

const OTHERS = `${WEBHOOKS}/shop/others`;
const CONDITION = 'io.kestra.plugin.core.condition';

/** What is said of a workflow that cannot be deployed, once it is saved. */
const problemOf = (world: World, path: string): Promise<string> =>
  eventually(async () => {
    const { json } = await world.call(`/workflows/${path}`, { method: 'GET' });
    const { problem } = json as { readonly problem?: unknown };
    if (problem === undefined) throw new Error('nothing is said yet');
    return JSON.stringify(problem);
  });

/** Saves a webhook with this member, which no deploy takes. */
const refuses = async (world: World, name: string, member: string): Promise<string> => {
  const path = `shop/bad-${name}`;
  world.platform.saveWorkflow(
    `${path}.yaml`,
    `triggers: [{ dialect: kestra, key: a-key-of-a-bad-webhook, ${member} }]\n`,
  );
  world.platform.saveWorkflow(`${path}.sh`, '#!/bin/sh\necho 1\n');
  return problemOf(world, path);
};

const textOf = (sample: SampleName): string => Buffer.from(sampleDelivery(sample).body).toString();

const slackSigned = (body: string) => {
  const time = String(Math.floor(Date.now() / 1_000));
  const mac = createHmac('sha256', FACT_SECRETS.SLACK).update(`v0:${time}:${body}`).digest('hex');
  return { 'x-slack-request-timestamp': time, 'x-slack-signature': `v0=${mac}` };
};

export const KESTRA_OTHERS: readonly Fact[] = [
  {
    shows: ['4.1/order-3', '4.3/fetchType', '4.6/multiple', '4.6/holidays'],
    says: 'what is not understood is refused at deploy, by name; the webhook of what was never deployed is 409',
    show: async (world) => {
      expect(await refuses(world, 'fetch', 'fetchType: FETCH')).toContain('fetchType');
      const withCondition = (name: string) =>
        refuses(world, name.toLowerCase(), `conditions: [{ type: ${CONDITION}.${name} }]`);
      for (const name of ['MultipleCondition', 'PublicHoliday']) expect(await withCondition(name)).toContain(name);
      expect(await refusal(world, `${WEBHOOKS}/shop/bad-fetch/a-key-of-a-bad-webhook`)).toEqual([
        409,
        expect.stringMatching(/^Illegal state: Cannot execute an invalid flow/),
      ]);
    },
  },
  {
    shows: ['4.1/order-6'],
    says: '503 with a message and Retry-After where nothing can be recorded',
    show: async (world) => {
      const { kestra } = await unrecorded(world);
      expect([kestra.status, kestra.json]).toMatchObject([503, { message: expect.any(String) as string }]);
      expect(Number(kestra.headers.get('retry-after'))).toBeGreaterThan(0);
    },
  },
  {
    shows: ['4.1/inputs', '4.3/inputs'],
    says: 'a mapped input that does not fit is 400, with the place',
    show: async (world) => {
      const path = `${WEBHOOKS}/shop/others-typed/${FACT_KEYS.typed}`;
      expect((await hook(world, path, { body: { n: 1 } })).status).toBe(200);
      const { status, json } = await hook(world, path, { body: { n: 'one' } });
      expect([status, json]).toMatchObject([400, { path: '/n' }]);
    },
  },
  {
    shows: ['4.1/size'],
    says: 'more than 1 MiB is 413',
    show: async (world) => expect((await refusal(world, ECHO, { body: 'a'.repeat(1_048_577) }))[0]).toBe(413),
  },
  {
    shows: ['4.2/no-other', '4.7/hmac', '4.7/challenges'],
    says: 'a webhook with a signature takes what was signed, and answers the challenge of its sender',
    show: async (world) => {
      const path = `${OTHERS}/${FACT_KEYS.signed}`;
      const send = (body: string, headers: Readonly<Record<string, string>>) => hook(world, path, { body, headers });
      const event = textOf('slack.event');
      expect((await send(event, slackSigned(event))).status).toBe(200);
      expect((await send(event, slackSigned(`${event} `))).status).toBe(401);
      const question = textOf('slack.url_verification');
      const { status, text } = await send(question, slackSigned(question));
      expect([status, text]).toEqual([200, expect.stringContaining('3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALW')]);
    },
  },
  {
    shows: ['4.4/nulls'],
    says: 'an execution has no member that is null',
    show: async (world) => {
      const { text } = await hook(world, ECHO, { body: { n: 1 } });
      expect(text).not.toContain(':null');
    },
  },
  {
    shows: ['4.6/aliases', '4.6/filters', '4.6/dates', '4.6/when'],
    says: 'expressions under their three names, with filters and operators; days and times; when, in CEL',
    show: async (world) => {
      const body = { name: 'ADA', tags: ['a', 'b'] };
      for (const key of [FACT_KEYS.newest, FACT_KEYS.older, FACT_KEYS.oldest, FACT_KEYS.calendar, FACT_KEYS.when])
        expect([key, (await hook(world, `${OTHERS}/${key}`, { body })).status]).toEqual([key, 200]);
      for (const key of [FACT_KEYS.newest, FACT_KEYS.older, FACT_KEYS.oldest, FACT_KEYS.when])
        expect([key, (await hook(world, `${OTHERS}/${key}`, { body: { ...body, name: 'Bob' } })).status]).toEqual([
          key,
          204,
        ]);
    },
  },
  {
    shows: ['4.7/why-204'],
    says: 'why nothing was started is among the requests',
    show: async (world) => {
      await hook(world, `${OTHERS}/${FACT_KEYS.when}`, { body: { name: 'nobody' } });
      await eventually(async () => {
        const { json } = await world.call('/requests?workflow=shop/others&outcome=filtered', { method: 'GET' });
        const { requests } = json as {
          readonly requests: readonly { readonly trigger: string; readonly reason: string }[];
        };
        expect(requests).toContainEqual(
          expect.objectContaining({ trigger: 'when', reason: expect.stringContaining('body.name') as string }),
        );
      });
    },
  },
  {
    shows: ['4.6/no-limits'],
    says: 'a repeat is the same execution, and a rate is kept, where somebody asks for it',
    show: async (world) => {
      const headers = { 'idempotency-key': crypto.randomUUID() };
      const start = async () => (await execution(world, ECHO, { headers })).id;
      expect(await start()).toBe(await start());
      const rated = async () => (await hook(world, `${OTHERS}/${FACT_KEYS.rated}`)).status;
      expect([await rated(), await rated()]).toEqual([200, 429]);
    },
  },
  {
    shows: ['4.7/github'],
    says: 'what GitHub sends is answered at once',
    show: async (world) => {
      const { headers } = sampleDelivery('github.push');
      expect((await hook(world, ECHO, { headers, body: textOf('github.push') })).status).toBe(200);
    },
  },
  {
    shows: ['4.7/curl'],
    says: 'webhooks are listed, each with a call to paste',
    show: async ({ call }) => {
      const { json } = await call('/triggers/shop/echo', { method: 'GET' });
      const { calls } = json as { readonly calls: readonly { readonly dialect: string; readonly path: string }[] };
      expect(calls.filter(({ dialect }) => dialect === 'kestra').map(({ path }) => path)).toContainEqual(
        expect.stringMatching(/^\/api\/v1\/(main\/)?executions\/webhook\/shop\/echo\//),
      );
    },
  },
];
