import { expect } from 'vitest';
import { type Fact } from './fact.ts';
import { JOBS, ECHO, SYNC, ASYNC, UUID, base64, get, refusal, started, versionsOf, dataOf } from './windmill-calls.ts';

export const WINDMILL_ADDRESSES: readonly Fact[] = [
  {
    section: '1.1',
    says: 'run/p, run/f, run/h and run/fv by POST: 201 and the bare uuid as text',
    show: async (world) => {
      const { hash, number } = await versionsOf(world);
      for (const suffix of [`p/${ECHO}`, `f/${ECHO}`, `h/${hash}`, `fv/${number}`]) {
        const { status, headers, text } = await world.call(`${JOBS}/run/${suffix}`, { body: {} });
        expect([suffix, status, text]).toEqual([suffix, 201, expect.stringMatching(UUID)]);
        expect(headers.get('content-type')).toMatch(/^text\/plain; ?charset=utf-8$/i);
        expect((await get(world, `${JOBS}/run/${suffix}`)).status).toBe(405);
      }
    },
  },
  {
    section: '1.1',
    says: 'run_wait_result by POST, and by GET but for a hash: the result',
    show: async (world) => {
      const { hash, number } = await versionsOf(world);
      for (const suffix of [`p/${ECHO}`, `f/${ECHO}`, `fv/${number}`, `h/${hash}`]) {
        const path = `${JOBS}/run_wait_result/${suffix}`;
        const { status, json } = await world.call(path, { body: { n: 1 } });
        expect([suffix, status, json]).toEqual([suffix, 200, { n: 1 }]);
        const byGet = await get(world, `${path}?payload=${base64({ n: 2 })}`);
        expect([suffix, byGet.status]).toEqual([suffix, suffix.startsWith('h/') ? 405 : 200]);
      }
    },
  },
  {
    section: '1.1',
    says: 'run_and_stream by POST and GET: server-sent events',
    show: async (world) => {
      for (const method of ['POST', 'GET']) {
        const { status, headers, text } = await world.call(`${JOBS}/run_and_stream/p/${ECHO}`, { method });
        expect([status, headers.get('content-type')]).toEqual([200, expect.stringContaining('text/event-stream')]);
        expect(dataOf(text).at(-1)).toMatchObject({ type: 'update', completed: true });
      }
    },
  },
  {
    section: '1.1',
    says: 'HEAD is 200 and empty, and runs nothing',
    show: async (world) => {
      const before = await world.runsOf('shop/head');
      for (const verb of ['run', 'run_wait_result', 'run_and_stream'])
        expect((await world.call(`${JOBS}/${verb}/p/shop/head`, { method: 'HEAD' })).status).toBe(200);
      expect(await world.runsOf('shop/head')).toBe(before);
    },
  },
  {
    section: '1.1',
    says: 'OPTIONS is 200 with CORS, and answers the handshake of CloudEvents',
    show: async ({ call }) => {
      const headers = { origin: 'https://shop.example', 'webhook-request-origin': 'eventgrid.azure.net' };
      const { status, headers: said } = await call(ASYNC, { method: 'OPTIONS', token: null, headers });
      const names = ['access-control-allow-origin', 'webhook-allowed-origin', 'webhook-allowed-rate'];
      expect([status, ...names.map((name) => said.get(name))]).toEqual([200, '*', 'eventgrid.azure.net', '*']);
      expect(said.get('access-control-allow-headers')).toMatch(/content-type.*authorization/);
    },
  },
  {
    section: '1.1',
    says: 'errors are one line of text: 400, 401, 404, 415',
    show: async (world) => {
      expect(await refusal(world, SYNC, { body: '{"n":' })).toEqual([400, expect.stringMatching(/^Bad request: .+$/)]);
      expect(await refusal(world, SYNC, { token: null })).toEqual([401, 'Unauthorized']);
      expect(await refusal(world, `${JOBS}/run/p/shop/unknown`)).toEqual([
        404,
        expect.stringMatching(/^Not found: script not found at name shop\/unknown$/),
      ]);
      const headers = { 'content-type': 'application/octet-stream' };
      expect((await refusal(world, SYNC, { body: 'PK', headers }))[0]).toBe(415);
    },
  },
  {
    section: '1.1',
    says: 'jobs_u and jobs: get, completed, result, maybe, timing, update',
    show: async (world) => {
      const id = await started(world, ASYNC, { n: 1 });
      await world.ended(id);
      for (const prefix of ['jobs_u', 'jobs']) {
        const read = async (path: string) => (await get(world, `/api/w/demo/${prefix}/${path}/${id}`)).json as unknown;
        const job = { type: 'CompletedJob', id, success: true, result: { n: 1 }, args: { n: 1 } };
        expect(await read('get')).toMatchObject(job);
        expect(await read('completed/get')).toMatchObject(job);
        expect(await read('completed/get_result')).toEqual({ n: 1 });
        expect(await read('completed/get_result_maybe')).toMatchObject({ completed: true, success: true });
        expect(await read('completed/get_timing')).toHaveProperty('started_at');
        expect(await read('getupdate')).toMatchObject({ completed: true });
      }
    },
  },
  {
    section: '1.1',
    says: 'queue/cancel by POST ends a job',
    show: async (world) => {
      const id = await started(world, `${JOBS}/run/p/shop/slow`);
      expect((await world.call(`${JOBS}_u/queue/cancel/${id}`, { body: { reason: 'shown' } })).status).toBe(200);
      await world.ended(id);
      const { json } = await get(world, `${JOBS}_u/get/${id}`);
      expect(json).toMatchObject({ canceled: true, success: false });
    },
  },
];

export const WINDMILL_ACCESS: readonly Fact[] = [
  {
    section: '1.2',
    says: 'header, else cookie, else query: the first that is there counts',
    show: async (world) => {
      const good = await world.token(`run:${ECHO}`);
      const statusOf = async (headers: Readonly<Record<string, string>>, query = '') =>
        (await world.call(`${ASYNC}?${query}`, { token: null, body: {}, headers })).status;
      const cookie = { cookie: `token=${good}` };
      expect(await statusOf(cookie)).toBe(201);
      expect(await statusOf({}, `token=${good}`)).toBe(201);
      expect(await statusOf({ ...cookie, authorization: 'Bearer wrong' })).toBe(401);
      expect(await statusOf({ cookie: 'token=wrong' }, `token=${good}`)).toBe(401);
      // `bearer` is none: the cookie is next.
      expect(await statusOf({ ...cookie, authorization: 'bearer wrong' })).toBe(201);
    },
  },
  {
    section: '1.2',
    says: 'scopes: jobs:run:scripts:<path>, several paths, /* at the end',
    show: async (world) => {
      const statusWith = async (scope: string) =>
        (await world.call(ASYNC, { token: await world.token(scope), body: {} })).status;
      expect(await statusWith(`jobs:run:scripts:${ECHO}`)).toBe(201);
      expect(await statusWith(`jobs:run:scripts:shop/fail,${ECHO}`)).toBe(201);
      expect(await statusWith('jobs:run:scripts:shop/*')).toBe(201);
      expect(await statusWith('jobs:run:scripts:shop/fail')).toBe(404);
    },
  },
  {
    section: '1.2',
    says: 'whoever may run may read what was run',
    show: async (world) => {
      const token = await world.token(`jobs:run:scripts:${ECHO}`);
      const { text: id } = await world.call(ASYNC, { token, body: {} });
      await world.ended(id);
      expect((await get(world, `${JOBS}_u/completed/get_result/${id}`, { token })).status).toBe(200);
    },
  },
];
