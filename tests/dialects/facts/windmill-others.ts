import { expect } from 'vitest';
import { KEYS } from '../workflows.ts';
import { echo } from '../world.ts';
import { type Fact } from './fact.ts';
import { JOBS, ASYNC, UUID, get, refusal, dataOf, typed } from './windmill-calls.ts';

const EVENT = { specversion: '1.0', id: '1', source: '/facts', type: 'made' };

export const WINDMILL_OTHERS: readonly Fact[] = [
  {
    shows: ['1.5/structured', '1.3/event'],
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
    shows: ['1.5/batch', '1.3/event-batch'],
    says: 'a batch is taken here: each of its events is started',
    show: async ({ call }) => {
      const batch = typed('application/cloudevents-batch+json', JSON.stringify([EVENT, { ...EVENT, id: '2' }]));
      expect((await call(ASYNC, batch)).status).toBe(202);
    },
  },
  {
    shows: ['1.5/binary', '1.5/data_base64'],
    says: 'binary events are as structured ones, and bytes are decoded, as the document promises',
    show: async (world) => {
      const headers = Object.fromEntries(Object.entries(EVENT).map(([name, value]) => [`ce-${name}`, value]));
      const sent = { n: 1, WEBHOOK__METADATA__: EVENT };
      expect(await echo.windmill(world, { headers, body: { n: 1 } })).toMatchObject(sent);
      const bytes = { ...EVENT, datacontenttype: 'application/octet-stream', data_base64: btoa('bytes') };
      const { body, WEBHOOK__METADATA__: metadata } = (await echo.windmill(
        world,
        typed('application/cloudevents+json', JSON.stringify(bytes)),
      )) as Readonly<Record<string, unknown>>;
      expect([body, metadata]).toMatchObject([btoa('bytes'), { data_base64: btoa('bytes') }]);
    },
  },
  {
    shows: ['1.6/delete', '1.6/delete_after_secs'],
    says: 'delete after use: arguments and result are gone; there is no delete_after_secs',
    show: async (world) => {
      const before = await world.runsOf('shop/secretive');
      const { json } = await world.call(`${JOBS}/run_wait_result/p/shop/secretive`, { body: { card: '4111' } });
      expect(json).toEqual({ card: '4111' });
      expect(await world.runsOf('shop/secretive')).toBe(before + 1);
      const { json: list } = await get(world, '/runs?workflow=shop/secretive');
      const [{ run_id: id }] = (list as { readonly runs: readonly [{ readonly run_id: string }] }).runs;
      await world.ended(id);
      const { text, json: job } = await get(world, `${JOBS}_u/get/${id}`);
      expect(text).not.toContain('4111');
      expect(job).toMatchObject({ id, args: {}, result: {}, logs: '##DELETED##' });
    },
  },
  {
    shows: ['1.6/routes', '1.6/routes-404', '1.6/routes-types'],
    says: 'routes: five methods, parameters, async with 201, and 404 for a path of no route',
    show: async (world) => {
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        const body = method === 'GET' ? undefined : { n: 1 };
        const { status, json } = await world.call('/api/r/any/seven', { method, body });
        expect([method, status, json]).toEqual([method, 200, { ...body, name: 'seven' }]);
      }
      const later = await world.call('/api/r/later', { body: {} });
      expect([later.status, later.text]).toEqual([201, expect.stringMatching(UUID)]);
      expect(await refusal(world, '/api/r/nowhere')).toEqual([
        404,
        expect.stringMatching(/^Not found: Trigger not found/),
      ]);
    },
  },
  {
    shows: ['1.6/routes-types'],
    says: 'routes: sync_sse (mode: stream) answers with server-sent events',
    show: async ({ call }) => {
      const { status, headers, text } = await call('/api/r/told', { body: { n: 1 } });
      expect([status, headers.get('content-type')]).toEqual([200, expect.stringContaining('text/event-stream')]);
      expect(dataOf(text).at(-1)).toMatchObject({ type: 'update', completed: true, only_result: { n: 1 } });
    },
  },
  {
    shows: ['1.6/routes-head'],
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
    shows: ['1.6/routes-open', '1.6/routes-key'],
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
    shows: ['1.6/routes-raw'],
    says: 'routes: raw and wrap_body in the query are 400',
    show: async (world) => {
      for (const name of ['raw', 'wrap_body'])
        expect((await refusal(world, `/api/r/later?${name}=true`, { body: {} }))[0]).toBe(400);
    },
  },
  {
    shows: ['1.6/routes-suspended'],
    says: 'a suspended route is 404 here: nothing is promised that does not happen',
    show: async ({ call }) => expect((await call('/api/r/suspended', { body: {} })).status).toBe(404),
  },
  {
    shows: ['1.7/xml', '1.7/own-paths', '1.7/ack-status'],
    says: 'XML is taken, a path of its own without a login, and 200 for what was accepted where a route says so',
    show: async (world) => {
      expect(await echo.windmill(world, typed('application/xml', '<order/>'))).toEqual({ raw_string: '<order/>' });
      expect((await world.call('/api/r/open', { token: null, body: {} })).status).toBe(200);
      const { status, text } = await world.call('/api/r/acknowledged', { body: {} });
      expect([status, text]).toEqual([200, expect.stringMatching(UUID)]);
    },
  },
];
