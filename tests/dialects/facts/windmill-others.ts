import { expect } from 'vitest';
import { KEYS } from '../workflows.ts';
import { echo } from '../world.ts';
import { type Fact } from './fact.ts';
import { JOBS, ASYNC, UUID, get, refusal, dataOf, typed } from './windmill-calls.ts';

const EVENT = { specversion: '1.0', id: '1', source: '/facts', type: 'made' };

export const WINDMILL_OTHERS: readonly Fact[] = [
  {
    section: '1.5',
    says: 'structured: an object spread, any other data as body, the envelope beside it',
    show: async (world) => {
      const send = (data: object) =>
        echo.windmill(world, typed('application/cloudevents+json', JSON.stringify({ ...EVENT, ...data })));
      expect(await send({ data: { n: 1 } })).toEqual({ n: 1, WEBHOOK__METADATA__: EVENT });
      expect(await send({ data: [1] })).toEqual({ body: [1], WEBHOOK__METADATA__: EVENT });
      expect(await send({})).toEqual({ body: null, WEBHOOK__METADATA__: EVENT });
    },
  },
  {
    section: '1.5',
    says: 'binary and batch are taken here, as the document promises',
    show: async ({ call }) => {
      const batch = typed('application/cloudevents-batch+json', JSON.stringify([EVENT, { ...EVENT, id: '2' }]));
      expect((await call(ASYNC, batch)).status).toBe(202);
    },
  },
  {
    section: '1.6',
    says: 'delete after use: arguments and result are gone; there is no delete_after_secs',
    show: async (world) => {
      const before = await world.runsOf('shop/secretive');
      const { json } = await world.call(`${JOBS}/run_wait_result/p/shop/secretive`, { body: { card: '4111' } });
      expect(json).toEqual({ card: '4111' });
      expect(await world.runsOf('shop/secretive')).toBe(before + 1);
      const { json: list } = await get(world, '/runs?workflow=shop/secretive');
      const [{ run_id: id }] = (list as { readonly runs: readonly [{ readonly run_id: string }] }).runs;
      await world.ended(id);
      const { text } = await get(world, `${JOBS}_u/get/${id}`);
      expect(text).not.toContain('4111');
    },
  },
  {
    section: '1.6',
    says: 'routes: parameters, async with 201, and 404 for a path of no route',
    show: async (world) => {
      const put = await world.call('/api/r/orders/7', { method: 'PUT', body: { n: 1 } });
      expect([put.status, put.json]).toEqual([200, { n: 1, id: '7' }]);
      const later = await world.call('/api/r/later', { body: {} });
      expect([later.status, later.text]).toEqual([201, expect.stringMatching(UUID)]);
      expect(await refusal(world, '/api/r/nowhere')).toEqual([
        404,
        expect.stringMatching(/^Not found: Trigger not found/),
      ]);
    },
  },
  {
    section: '1.6',
    says: 'routes: sync_sse (mode: stream) answers with server-sent events',
    show: async ({ call }) => {
      const { status, headers, text } = await call('/api/r/told', { body: { n: 1 } });
      expect([status, headers.get('content-type')]).toEqual([200, expect.stringContaining('text/event-stream')]);
      expect(dataOf(text).at(-1)).toMatchObject({ type: 'update', completed: true, only_result: { n: 1 } });
    },
  },
  {
    section: '1.6',
    says: 'routes: HEAD and preflights are 200; preflights name every method of routes',
    show: async ({ call }) => {
      expect((await call('/api/r/orders/7', { method: 'HEAD', token: null })).status).toBe(200);
      const headers = { origin: 'https://shop.example', 'access-control-request-method': 'PUT' };
      const asked = await call('/api/r/orders/7', { method: 'OPTIONS', token: null, headers });
      expect([asked.status, asked.headers.get('access-control-allow-methods')]).toEqual([
        200,
        'GET,POST,PUT,PATCH,DELETE',
      ]);
    },
  },
  {
    section: '1.6',
    says: 'routes: a key, basic authentication with its challenge, nobody at all',
    show: async ({ call }) => {
      const statusOf = async (path: string, headers = {}) =>
        (await call(path, { token: null, body: {}, headers })).status;
      expect(await statusOf('/api/r/open')).toBe(200);
      expect(await statusOf('/api/r/keyed', { 'x-api-key': KEYS.only })).toBe(200);
      expect(await statusOf('/api/r/keyed', { authorization: `Basic ${btoa(`user:${KEYS.only}`)}` })).toBe(200);
      const refused = await call('/api/r/keyed', { token: null, body: {} });
      expect([refused.status, refused.text]).toEqual([401, 'Unauthorized']);
      expect(refused.headers.get('www-authenticate')).toContain('Basic realm="Restricted Area"');
    },
  },
  {
    section: '1.6',
    says: 'routes: raw and wrap_body in the query are 400',
    show: async (world) => {
      for (const name of ['raw', 'wrap_body'])
        expect((await refusal(world, `/api/r/later?${name}=true`, { body: {} }))[0]).toBe(400);
    },
  },
  {
    section: '1.6',
    says: 'routes: a bad signature is 401 {"error":"signature invalid"}, a missing one 400',
    show: async ({ call }) => {
      const headers = { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` };
      const bad = await call('/api/r/signed', { token: null, body: {}, headers });
      expect([bad.status, bad.json]).toEqual([401, { error: 'signature invalid' }]);
      expect((await call('/api/r/signed', { token: null, body: {} })).status).toBe(400);
    },
  },
  {
    section: '1.6',
    says: 'a suspended route is 404 here: nothing is promised that does not happen',
    show: async ({ call }) => expect((await call('/api/r/suspended', { body: {} })).status).toBe(404),
  },
  {
    section: '1.7',
    says: 'XML is taken, and a path of its own without a login',
    show: async (world) => {
      expect(await echo.windmill(world, typed('application/xml', '<order/>'))).toEqual({ raw_string: '<order/>' });
      expect((await world.call('/api/r/open', { token: null, body: {} })).status).toBe(200);
    },
  },
];
