import { createHmac } from 'node:crypto';
import { eventually } from '@millrace/testkit';
import { expect } from 'vitest';
import { type Feature } from '../feature.ts';
import { KEYS, SECRETS, SOURCES } from '../workflows.ts';
import { type World } from '../world.ts';

const BODY = '{"n":1}';
const GIVEN = { body: BODY };
const SYNC = '/api/w/demo/jobs/run_wait_result/p/shop';
const WEBHOOK = '/api/v1/executions/webhook/shop/guarded';

/** This call is let in, and the same with another credential is not. */
const onlyWith = async (
  { call }: World,
  path: string,
  right: Readonly<Record<string, string>>,
  wrong: Readonly<Record<string, string>>,
): Promise<void> => {
  const accept = { accept: 'application/json' };
  const good = await call(path, { ...GIVEN, token: null, headers: { ...accept, ...right } });
  expect([path, good.status, good.text]).toEqual([path, expect.toBeOneOf([200, 201, 202]), expect.anything()]);
  const bad = await call(path, { ...GIVEN, token: null, headers: { ...accept, ...wrong } });
  expect([path, bad.status]).toEqual([path, expect.toBeOneOf([401, 404])]);
};

const bearerOnly = (world: World, path: string): Promise<void> =>
  onlyWith(world, path, { authorization: `Bearer ${world.platform.token}` }, { authorization: 'Bearer wrong' });

const openTo = async ({ call }: World, path: string): Promise<void> =>
  expect((await call(path, { ...GIVEN, token: null, headers: { accept: 'application/json' } })).status).toBeLessThan(
    300,
  );

const signed = (text: string): Readonly<Record<string, string>> => ({
  'x-github-event': 'push',
  'x-github-delivery': crypto.randomUUID(),
  'x-hub-signature-256': `sha256=${createHmac('sha256', SECRETS.GITHUB).update(text).digest('hex')}`,
});

const short = new WeakMap<World, Promise<string>>();

/** A token that is soon none; one for all. */
const expiring = (world: World): Promise<string> => {
  const made = async (): Promise<string> => {
    const { json } = await world.call('/tokens', { body: { scopes: ['run:shop/echo'], expires_in: '2s' } });
    return json.token as string;
  };
  const known = short.get(world) ?? made();
  short.set(world, known);
  return known;
};

export const AUTH: readonly Feature[] = [
  {
    name: 'Bearer header',
    shown: {
      serve: (world) =>
        onlyWith(
          world,
          '/run/shop/echo',
          { authorization: `Bearer ${world.platform.token}` },
          { authorization: 'Bearer wrong' },
        ),
      windmill: (world) => bearerOnly(world, `${SYNC}/echo`),
      sink: (world) => bearerOnly(world, '/sink/trigger/http/app/echo'),
      endpoints: (world) => bearerOnly(world, '/api/endpoints/echo'),
      hooks: (world) => bearerOnly(world, '/hooks/echo'),
    },
  },
  {
    name: 'raw token in Authorization',
    shown: {
      sink: (world) =>
        onlyWith(world, '/sink/trigger/http/app/guarded', { authorization: KEYS.only }, { authorization: 'wrong' }),
    },
  },
  {
    name: 'custom key header',
    shown: {
      windmill: (world) => onlyWith(world, '/api/r/keyed', { 'x-api-key': KEYS.only }, { 'x-api-key': 'wrong' }),
      sink: (world) => {
        const header = 'x-flow-like-authorization';
        return onlyWith(world, '/sink/trigger/http/app/guarded', { [header]: KEYS.only }, { [header]: 'wrong' });
      },
      endpoints: (world) =>
        onlyWith(world, '/api/endpoints/guarded', { 'x-bifrost-key': KEYS.only }, { 'x-bifrost-key': 'wrong' }),
      hooks: (world) => onlyWith(world, '/hooks/echo', { 'x-api-key': world.platform.token }, { 'x-api-key': 'wrong' }),
    },
  },
  {
    name: 'query token',
    shown: {
      sink: async ({ call }) => {
        const path = `/sink/trigger/http/app/guarded?token=${KEYS.only}&secret_token=${KEYS.only}`;
        expect((await call(path, { ...GIVEN, token: null })).status).toBe(401);
      },
      windmill: async (world) => {
        const token = await world.token('run:shop/echo');
        expect((await world.call(`${SYNC}/echo?token=${token}`, { ...GIVEN, token: null })).status).toBe(200);
        const any = await world.call(`${SYNC}/echo?token=${world.platform.token}`, { ...GIVEN, token: null });
        expect(any.status).toBe(403);
      },
    },
  },
  {
    name: 'cookie token',
    shown: {
      windmill: (world) =>
        onlyWith(world, `${SYNC}/echo`, { cookie: `token=${world.platform.token}` }, { cookie: 'token=wrong' }),
    },
  },
  {
    name: 'secret in path',
    shown: {
      endpoints: async ({ call }) => {
        const statusOf = async (source: string) =>
          (await call(`/api/hooks/${source}`, { ...GIVEN, token: null })).status;
        expect(await statusOf(SOURCES.open)).toBe(202);
        expect(await statusOf(SOURCES.open.replace(/.$/, 'f'))).toBe(404);
      },
      kestra: async ({ call }) => {
        expect((await call(`${WEBHOOK}/${KEYS.only}`, { ...GIVEN, token: null })).status).toBe(200);
        expect((await call(`${WEBHOOK}/wrong`, { ...GIVEN, token: null })).status).toBe(404);
      },
      hooks: async ({ call }) => {
        expect((await call(`/hooks/key/${KEYS.hook}/keyed`, { ...GIVEN, token: null })).status).toBe(202);
        expect((await call('/hooks/key/wrong/keyed', { ...GIVEN, token: null })).status).toBe(404);
      },
    },
  },
  {
    name: 'public (no auth)',
    shown: {
      kestra: (world) => openTo(world, `${WEBHOOK}/${KEYS.only}`),
      windmill: (world) => openTo(world, '/api/r/open'),
      sink: (world) => openTo(world, '/sink/trigger/http/app/public'),
      endpoints: (world) => openTo(world, '/api/endpoints/free'),
      hooks: (world) => openTo(world, '/hooks/open'),
    },
  },
  {
    name: 'scoped / per-endpoint tokens',
    shown: {
      serve: async ({ call, token }) => {
        const limited = await token('run:shop/echo');
        expect((await call('/run/shop/echo', { ...GIVEN, token: limited })).status).toBe(202);
        expect((await call('/run/shop/env', { ...GIVEN, token: limited })).status).toBe(404);
      },
      windmill: async ({ call, token }) => {
        const limited = await token('run:shop/echo');
        expect((await call(`${SYNC}/echo`, { ...GIVEN, token: limited })).status).toBe(200);
        expect((await call(`${SYNC}/env`, { ...GIVEN, token: limited })).status).toBe(404);
      },
      sink: (world) =>
        onlyWith(
          world,
          '/sink/trigger/http/app/guarded',
          { authorization: `Bearer ${KEYS.only}` },
          { authorization: `Bearer ${world.platform.token}` },
        ),
      endpoints: (world) =>
        onlyWith(
          world,
          '/api/endpoints/guarded',
          { 'x-bifrost-key': KEYS.only },
          { 'x-bifrost-key': world.platform.token },
        ),
      kestra: async ({ call }) =>
        expect((await call(`${WEBHOOK}/${KEYS.waits}`, { ...GIVEN, token: null })).status).toBe(404),
      hooks: async ({ call }) =>
        expect((await call(`/hooks/key/${KEYS.only}/keyed`, { ...GIVEN, token: null })).status).toBe(404),
    },
  },
  {
    name: 'token expiry',
    shown: {
      windmill: async (world) => {
        const token = await expiring(world);
        const started = () => world.call(`${SYNC}/echo`, { ...GIVEN, token });
        expect((await started()).status).toBe(200);
        await eventually(async () => expect((await started()).status).toBe(401), { intervalMs: 300 });
      },
      endpoints: async (world) => {
        const token = await expiring(world);
        const statusWith = async (key: string) =>
          (await world.call('/api/endpoints/echo', { ...GIVEN, token: null, headers: { 'x-bifrost-key': key } }))
            .status;
        await eventually(async () => expect(await statusWith(token)).toBe(401), { intervalMs: 300 });
        expect(await statusWith(await world.token('run:shop/echo'))).toBe(200);
      },
      server: async ({ call }) => {
        const { json } = await call('/tokens', { body: { label: 'short', scopes: ['run'], expires_in: '1h' } });
        expect(Date.parse(json.expires_at as string)).toBeLessThanOrEqual(Date.now() + 3_600_000);
      },
    },
  },
  {
    name: 'CSRF header',
    shown: {
      serve: async ({ call }) =>
        expect((await call('/run/shop/echo', { headers: { 'x-workflow-client': '' } })).json).toEqual({
          error: 'missing X-Workflow-Client header',
        }),
    },
  },
  {
    name: 'provider signatures',
    shown: {
      windmill: (world) => onlyWith(world, '/api/r/signed', signed(BODY), signed('{"n":2}')),
      endpoints: async ({ call }) => {
        const statusWith = async (text: string) => {
          const headers = { 'x-signature-256': signed(text)['x-hub-signature-256'] ?? '' };
          return (await call(`/api/hooks/${SOURCES.signed}`, { ...GIVEN, token: null, headers })).status;
        };
        expect([await statusWith(BODY), await statusWith('{"n":2}')]).toEqual([202, 401]);
      },
      sink: (world) => onlyWith(world, '/sink/trigger/http/app/signed', signed(BODY), signed('{"n":2}')),
      hooks: (world) => onlyWith(world, '/hooks/signed', signed(BODY), signed('{"n":2}')),
    },
  },
  {
    name: 'IP allow-list (2.2)',
    shown: {
      hooks: async ({ call }) => expect((await call('/hooks/here', GIVEN)).status).toBe(403),
    },
  },
  {
    name: 'a delivery that comes again is the first run (2.2)',
    shown: {
      hooks: async ({ call }) => {
        const request = { ...GIVEN, body: '{"n":"again"}', token: null, headers: signed('{"n":"again"}') };
        const [first, again] = [await call('/hooks/signed', request), await call('/hooks/signed', request)];
        expect([again.status, again.json.run_id]).toEqual([200, first.json.run_id]);
      },
    },
  },
  {
    name: 'polling with the triggering credential (2.2)',
    shown: {
      endpoints: async (world) => {
        const token = await world.token('run:shop/echo');
        const { headers } = await world.call('/api/endpoints/echo', { ...GIVEN, token });
        const id = headers.get('x-execution-id') ?? '';
        expect((await world.call(`/api/executions/${id}`, { method: 'GET', token })).json).toMatchObject({
          execution_id: id,
          status: 'Success',
        });
        await eventually(async () => {
          const listed = await world.call('/runs?workflow=shop/echo&limit=1', { method: 'GET', token });
          expect([listed.status, listed.text]).toEqual([200, expect.stringContaining(id)]);
        });
      },
    },
  },
];
