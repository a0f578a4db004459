import { expect } from 'vitest';
import { type Fact } from './fact.ts';
import { JOBS, ECHO, SYNC, ASYNC, UUID, base64, get, refusal, started, versionsOf, dataOf } from './windmill-calls.ts';

export const WINDMILL_ADDRESSES: readonly Fact[] = [
  {
    shows: ['1.1/run-p', '1.1/run-f', '1.1/run-h', '1.1/run-fv'],
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
    shows: ['1.1/wait-p', '1.1/wait-f', '1.1/wait-fv', '1.1/wait-h', '1.1/get-flows'],
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
    shows: ['1.1/stream'],
    says: 'run_and_stream by POST and GET: server-sent events',
    show: async (world) => {
      const { hash, number } = await versionsOf(world);
      const tell = async (suffix: string, method: string): Promise<void> => {
        const { status, headers, text } = await world.call(`${JOBS}/run_and_stream/${suffix}`, { method });
        expect([suffix, status, headers.get('content-type')]).toEqual([suffix, 200, 'text/event-stream']);
        expect(dataOf(text).at(-1)).toMatchObject({ type: 'update', completed: true });
      };
      const suffixes = [`p/${ECHO}`, `f/${ECHO}`, `h/${hash}`, `fv/${number}`];
      await Promise.all(suffixes.flatMap((suffix) => ['POST', 'GET'].map((method) => tell(suffix, method))));
    },
  },
  {
    shows: ['1.1/head'],
    says: 'HEAD is 200 and empty, and runs nothing',
    show: async (world) => {
      const before = await world.runsOf('shop/head');
      for (const verb of ['run', 'run_wait_result', 'run_and_stream'])
        expect((await world.call(`${JOBS}/${verb}/p/shop/head`, { method: 'HEAD' })).status).toBe(200);
      expect(await world.runsOf('shop/head')).toBe(before);
    },
  },
  {
    shows: ['1.1/options', '1.1/handshake'],
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
    shows: ['1.1/error-text', '1.1/error-400', '1.1/error-401', '1.1/error-404', '1.1/error-415'],
    says: 'errors are one line of text: 400, 401, 404, 415',
    show: async (world) => {
      expect(await refusal(world, SYNC, { body: '{"n":' })).toEqual([400, expect.stringMatching(/^Bad request: .+$/)]);
      for (const token of [null, 'unknown'])
        expect(await refusal(world, SYNC, { token })).toEqual([401, 'Unauthorized']);
      expect(await refusal(world, `${JOBS}/run/p/shop/unknown`)).toEqual([
        404,
        expect.stringMatching(/^Not found: script not found at name shop\/unknown$/),
      ]);
      const headers = { 'content-type': 'application/octet-stream' };
      expect((await refusal(world, SYNC, { body: 'PK', headers }))[0]).toBe(415);
    },
  },
  {
    shows: [
      '1.1/jobs',
      '1.1/get',
      '1.1/completed-get',
      '1.1/get_result',
      '1.1/get_result_maybe',
      '1.1/get_timing',
      '1.1/getupdate',
    ],
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
    shows: ['1.1/cancel'],
    says: 'queue/cancel by POST ends a job',
    show: async (world) => {
      const id = await started(world, `${JOBS}/run/p/shop/slow`);
      expect((await world.call(`${JOBS}_u/queue/cancel/${id}`, { body: { reason: 'shown' } })).status).toBe(200);
      await world.ended(id);
      const { json } = await get(world, `${JOBS}_u/get/${id}`);
      expect(json).toMatchObject({ canceled: true, success: false });
    },
  },
  {
    shows: ['1.1/path', '1.1/shorthand'],
    says: 'a path of more parts; the synchronous address without p/, as the document has it',
    show: async (world) => {
      expect((await world.call(`${JOBS}/run_wait_result/p/f/shop/deep`, { body: { n: 1 } })).json).toEqual({ n: 1 });
      expect((await world.call(`${JOBS}/run_wait_result/${ECHO}`, { body: { n: 2 } })).json).toEqual({ n: 2 });
    },
  },
];
