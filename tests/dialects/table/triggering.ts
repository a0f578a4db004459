import { expect } from 'vitest';
import { type Feature } from '../feature.ts';
import { KEYS, SOURCES } from '../workflows.ts';
import { echo, type World } from '../world.ts';

const UUID = /^[0-9a-f-]{36}$/;
const JOBS = '/api/w/demo/jobs';
const WEBHOOK = '/api/v1/executions/webhook';
const INPUT = { n: 1 };
const GIVEN = { body: INPUT };

const aUuid: unknown = expect.stringMatching(UUID);

/** HEAD at these addresses of `shop/head` leaves it without a run. */
const headStartsNothing = async ({ call, runsOf }: World, path: string): Promise<void> => {
  await call(path, { method: 'HEAD' });
  expect(await runsOf('shop/head')).toBe(0);
};

const refusesMethod = async ({ call }: World, path: string, method: string, allow: string): Promise<void> => {
  const { status, headers } = await call(path, { method });
  expect([status, headers.get('allow')]).toEqual([405, allow]);
};

const versionOf = async ({ call }: World): Promise<string> =>
  ((await call('/workflows/shop/echo', { method: 'GET' })).json.version as string).slice(0, 16);

export const TRIGGERING: readonly Feature[] = [
  {
    name: 'async trigger returning an id',
    shown: {
      serve: async ({ call }) => {
        const { status, json } = await call('/run/shop/echo', GIVEN);
        expect([status, json.run_id]).toEqual([202, aUuid]);
      },
      windmill: async ({ call }) => {
        const { status, text } = await call(`${JOBS}/run/p/shop/echo`, GIVEN);
        expect([status, text]).toEqual([201, aUuid]);
      },
      sink: async ({ call }) => {
        const { status, json } = await call('/sink/trigger/http/app/at-once', GIVEN);
        expect([status, json]).toMatchObject([200, { triggered: true, run_id: aUuid }]);
      },
      endpoints: async ({ call }) => {
        const { status, json } = await call('/api/endpoints/slow', GIVEN);
        expect([status, json]).toMatchObject([200, { execution_id: aUuid, status: 'Pending' }]);
        await call(`/api/executions/${json.execution_id as string}/cancel`);
      },
      kestra: async ({ call }) => {
        const { status, json } = await call(`${WEBHOOK}/shop/echo/${KEYS.async}`, { ...GIVEN, token: null });
        expect([status, json]).toMatchObject([200, { id: aUuid, namespace: 'shop', flowId: 'echo' }]);
      },
      hooks: async ({ call }) => {
        const { status, json } = await call('/hooks/echo', GIVEN);
        expect([status, json]).toMatchObject([202, { run_id: aUuid }]);
      },
    },
  },
  {
    name: 'sync result',
    shown: {
      serve: async (world) => expect(await echo.serve(world, GIVEN)).toEqual(INPUT),
      windmill: async (world) => expect(await echo.windmill(world, GIVEN)).toEqual(INPUT),
      sink: async (world) => expect(await echo.sink(world, GIVEN)).toEqual(INPUT),
      endpoints: async (world) => expect(await echo.endpoints(world, GIVEN)).toMatchObject(INPUT),
      kestra: async (world) => expect(await echo.kestra(world, GIVEN)).toMatchObject({ body: INPUT }),
      hooks: async (world) => expect(await echo.hooks(world, GIVEN)).toEqual(INPUT),
    },
  },
  {
    name: 'streaming result',
    shown: {
      windmill: async ({ call }) => {
        const { headers, text } = await call(`${JOBS}/run_and_stream/p/shop/echo`, GIVEN);
        expect([headers.get('content-type'), text]).toEqual([
          'text/event-stream',
          expect.stringContaining('"completed":true'),
        ]);
      },
      sink: async ({ call }) =>
        expect((await call('/sink/trigger/http/app/echo', GIVEN)).text).toMatch(/data: {"type":"complete",.*"n":1/),
      kestra: async ({ call, platform }) => {
        const { json } = await call(`${WEBHOOK}/shop/echo/${KEYS.async}`, { ...GIVEN, token: null });
        const headers = { authorization: `Basic ${btoa(`user:${platform.token}`)}` };
        const path = `/api/v1/executions/${json.id as string}/follow`;
        expect((await call(path, { method: 'GET', token: null, headers })).text).toMatch(/id: end\ndata: .*"SUCCESS"/);
      },
      hooks: async ({ call }) =>
        expect((await call('/hooks/told', GIVEN)).text).toMatch(/^event: accepted\n[^]*event: complete\n/),
    },
  },
  {
    name: 'GET trigger',
    shown: {
      windmill: async (world) => expect(await echo.windmill(world, { method: 'GET' })).toEqual({}),
      sink: async (world) => expect(await echo.sink(world, { method: 'GET' }, 'a=b')).toMatchObject({ a: 'b' }),
      endpoints: async (world) =>
        expect(await echo.endpoints(world, { method: 'GET' }, 'a=b')).toMatchObject({ a: 'b' }),
      kestra: async (world) =>
        expect(await echo.kestra(world, { method: 'GET' }, 'a=b')).toMatchObject({ parameters: { a: ['b'] } }),
      hooks: async (world) => expect(await echo.hooks(world, { method: 'GET' }, '&a=b')).toMatchObject({ a: 'b' }),
    },
  },
  {
    name: 'methods beyond GET/POST',
    shown: {
      windmill: async ({ call }) =>
        expect((await call('/api/r/orders/7', { method: 'PUT', ...GIVEN })).json).toEqual({ n: 1, id: '7' }),
      sink: async (world) => {
        for (const method of ['PUT', 'PATCH', 'DELETE'])
          expect(await echo.sink(world, { method, ...GIVEN })).toEqual(INPUT);
      },
      endpoints: async (world) => {
        for (const method of ['PUT', 'DELETE'])
          expect(await echo.endpoints(world, { method, ...GIVEN })).toMatchObject(INPUT);
      },
      kestra: async (world) =>
        expect(await echo.kestra(world, { method: 'PUT', ...GIVEN })).toMatchObject({ body: INPUT }),
      hooks: async (world) => expect(await echo.hooks(world, { method: 'PATCH', ...GIVEN })).toEqual(INPUT),
    },
  },
  {
    name: 'method restriction per endpoint',
    shown: {
      serve: (world) => refusesMethod(world, '/run/shop/echo', 'PUT', 'POST'),
      windmill: (world) => refusesMethod(world, '/api/r/orders/7', 'POST', 'PUT'),
      sink: (world) => refusesMethod(world, '/sink/trigger/http/app/guarded', 'PUT', 'POST'),
      endpoints: (world) => refusesMethod(world, '/api/endpoints/tuple', 'PUT', 'POST'),
      kestra: (world) => refusesMethod(world, `${WEBHOOK}/shop/guarded/${KEYS.only}`, 'PUT', 'POST'),
      hooks: (world) => refusesMethod(world, '/hooks/told', 'PUT', 'POST'),
    },
  },
  {
    name: 'HEAD safe (runs nothing)',
    shown: {
      serve: (world) => headStartsNothing(world, '/run/shop/head'),
      windmill: (world) => headStartsNothing(world, `${JOBS}/run_wait_result/p/shop/head`),
      sink: (world) => headStartsNothing(world, '/sink/trigger/http/app/head'),
      endpoints: (world) => headStartsNothing(world, '/api/endpoints/head'),
      kestra: (world) => headStartsNothing(world, `${WEBHOOK}/shop/head/${KEYS.async}`),
      hooks: (world) => headStartsNothing(world, '/hooks/head'),
    },
  },
  {
    name: 'free custom path per endpoint',
    shown: {
      kestra: async ({ call }) =>
        expect((await call(`${WEBHOOK}/shop/echo/${KEYS.async}/more`, { ...GIVEN, token: null })).status).toBe(404),
      windmill: async ({ call }) =>
        expect((await call('/api/r/orders/8', { method: 'PUT', ...GIVEN })).status).toBe(200),
      sink: async (world) => expect(await echo.sink(world, GIVEN)).toEqual(INPUT),
      hooks: async (world) => expect(await echo.hooks(world, GIVEN)).toEqual(INPUT),
    },
  },
  {
    name: 'path parameters',
    shown: {
      windmill: async ({ call }) =>
        expect((await call('/api/r/orders/9', { method: 'PUT', body: {} })).json).toEqual({ id: '9' }),
      hooks: async ({ call }) =>
        expect((await call('/hooks/orders/9?wait=20', { body: {} })).json).toMatchObject({ output: { id: '9' } }),
    },
  },
  {
    name: 'versioned address (hash, revision)',
    shown: {
      windmill: async (world) => {
        const version = await versionOf(world);
        const paths = [`h/${version}`, `fv/${BigInt(`0x${version}`)}`];
        for (const path of paths)
          expect((await world.call(`${JOBS}/run_wait_result/${path}`, GIVEN)).json).toEqual(INPUT);
      },
      endpoints: async (world) =>
        expect((await world.call(`/api/endpoints/${await versionOf(world)}`, GIVEN)).json).toMatchObject(INPUT),
    },
  },
  {
    name: 'multi-tenant segment',
    shown: {
      windmill: async ({ call }) =>
        expect((await call('/api/w/another/jobs/run_wait_result/p/shop/echo', GIVEN)).json).toEqual(INPUT),
      sink: async ({ call }) => expect((await call('/sink/trigger/http/other/echo', GIVEN)).status).toBe(404),
      kestra: async ({ call }) => {
        const path = `executions/webhook/shop/echo/${KEYS.waits}`;
        expect((await call(`/api/v1/main/${path}`, { ...GIVEN, token: null })).status).toBe(200);
        expect((await call(`/api/v1/other/${path}`, { ...GIVEN, token: null })).status).toBe(404);
      },
    },
    missing: 'the segment is taken, and tells no tenants apart: a server is one workspace',
  },
  {
    name: 'several webhooks per workflow',
    shown: {
      endpoints: async ({ call }) => {
        const body = { user: { name: 'Ada' } };
        for (const source of [SOURCES.open, SOURCES.mapped])
          expect((await call(`/api/hooks/${source}`, { body, token: null })).status).toBe(202);
      },
      windmill: async (world) => {
        const tokens = [await world.token('run:shop/echo'), await world.token('run:shop/echo')];
        for (const token of tokens) expect(await echo.windmill(world, { ...GIVEN, token })).toEqual(INPUT);
      },
      sink: async ({ call }) => {
        for (const path of ['at-once', 'echo'])
          expect((await call(`/sink/trigger/http/app/${path}`, GIVEN)).status).toBe(200);
      },
      kestra: async ({ call }) => {
        for (const key of [KEYS.async, KEYS.waits])
          expect((await call(`${WEBHOOK}/shop/echo/${key}`, { ...GIVEN, token: null })).status).toBe(200);
      },
      hooks: async ({ call }) => {
        for (const path of ['/hooks/echo', '/hooks/orders/1']) expect((await call(path, GIVEN)).status).toBe(202);
      },
    },
  },
  {
    name: 'fan-out one event to many workflows',
    shown: {
      endpoints: async (world) => {
        const before = await world.runsOf('shop/heard');
        expect((await world.call(`/api/hooks/${SOURCES.open}`, { ...GIVEN, token: null })).status).toBe(202);
        expect(await world.runsOf('shop/heard')).toBe(before + 1);
      },
    },
    missing:
      'one address is one trigger; whoever wants to hear of an event as well subscribes over NATS, or by a webhook',
  },
];
