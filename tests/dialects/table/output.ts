import { eventually } from '@millrace/testkit';
import { expect } from 'vitest';
import { type Feature } from '../feature.ts';
import { patience, WAIT_MAX_S } from '../patience.ts';
import { KEYS } from '../workflows.ts';
import { echo, type World } from '../world.ts';
import { resultBy } from './by-dialect.ts';

const JOBS = '/api/w/demo/jobs';
const WEBHOOK = '/api/v1/executions/webhook/shop';

/** Starts `shop/fail` and gives the id of the run once it is over. */
const failedRun = async ({ call, ended }: World): Promise<string> => {
  const { run_id: id } = (await call('/run/shop/fail', { body: {} })).json as { readonly run_id: string };
  await ended(id);
  return id;
};

/** Starts `shop/slow`, ends the run in the way given, and waits until it is cancelled. */
const cancels = async (
  { call, ended }: World,
  end: (id: string) => Promise<{ readonly status: number }>,
): Promise<void> => {
  const { run_id: id } = (await call('/run/shop/slow', { body: {} })).json as { readonly run_id: string };
  expect((await end(id)).status).toBeLessThan(300);
  expect(await ended(id)).toMatchObject({ status: 'cancelled' });
};

const read = ({ call }: World, path: string, headers = {}) => call(path, { method: 'GET', headers });
const basic = ({ platform }: World) => ({ authorization: `Basic ${btoa(`user:${platform.token}`)}` });

export const OUTPUT: readonly Feature[] = [
  {
    name: 'caller-visible status override',
    shown: {
      windmill: async ({ call }) => {
        const body = { windmill_status_code: 201, result: { made: true } };
        const { status, json } = await call(`${JOBS}/run_wait_result/p/shop/echo`, { body });
        expect([status, json]).toEqual([201, { made: true }]);
      },
      endpoints: async ({ call }) => {
        const { status, json } = await call('/api/endpoints/tuple', { body: {} });
        expect([status, json]).toEqual([201, { created: true }]);
      },
      kestra: async ({ call }) =>
        expect((await call(`${WEBHOOK}/shaped/${KEYS.waits}`, { token: null, body: { wanted: true } })).status).toBe(
          202,
        ),
      hooks: async ({ call }) => expect((await call('/hooks/answers', { body: { n: 1 } })).status).toBe(201),
    },
  },
  {
    name: 'content type override',
    shown: {
      kestra: async ({ call }) => {
        const { headers, text } = await call(`${WEBHOOK}/shaped/${KEYS.hook}`, { token: null, body: { n: 1 } });
        expect([headers.get('content-type'), text]).toEqual([
          expect.stringContaining('text/plain'),
          expect.stringContaining('"n":1'),
        ]);
      },
      windmill: async ({ call }) => {
        const body = { windmill_content_type: 'text/csv', result: 'Hello;World' };
        const { headers, text } = await call(`${JOBS}/run_wait_result/p/shop/echo`, { body });
        expect([headers.get('content-type'), text]).toEqual(['text/csv', 'Hello;World']);
      },
      hooks: async ({ call }) =>
        expect((await call('/hooks/answers', { body: { n: 1 } })).headers.get('content-type')).toBe('text/csv'),
    },
  },
  {
    name: 'header override',
    shown: {
      windmill: async ({ call }) => {
        const body = { windmill_headers: { 'x-order': '7' }, result: 1 };
        const { headers } = await call(`${JOBS}/run_wait_result/p/shop/echo`, { body });
        expect(headers.get('x-order')).toBe('7');
      },
    },
  },
  {
    name: 'binary response',
    shown: {
      windmill: async ({ bytes }) => {
        const body = {
          wm_content_type: 'application/octet-stream',
          wm_content_transfer_encoding: 'base64',
          result: 'AP8B',
        };
        expect([...(await bytes(`${JOBS}/run_wait_result/p/shop/echo`, { body }))]).toEqual([0, 255, 1]);
      },
    },
  },
  {
    name: 'early return',
    shown: {
      sink: async (world) => expect(await resultBy.sink(world, 'early')).toEqual({ ok: true }),
      serve: async ({ call }) =>
        expect((await call('/run/shop/early?wait=20', { body: {} })).json).toMatchObject({ output: { ok: true } }),
      windmill: async ({ call }) =>
        expect((await call(`${JOBS}/run_wait_result/p/shop/early`, { body: {} })).json).toEqual({ ok: true }),
    },
  },
  {
    name: 'failed run visible in HTTP status',
    shown: {
      serve: async ({ call }) => expect((await call('/run/shop/fail?wait=20', { body: {} })).status).toBe(422),
      windmill: async ({ call }) => {
        const { status, json } = await call(`${JOBS}/run_wait_result/p/shop/fail`, { body: {} });
        expect([status, json]).toMatchObject([200, { error: { name: 'ExecutionErr' } }]);
      },
      sink: async ({ call }) =>
        expect((await call('/sink/trigger/http/app/fail', { body: {} })).json).toMatchObject({
          status: 'failed',
          error: { code: 'exit_code' },
        }),
      endpoints: async ({ call }) => expect((await call('/api/endpoints/fail', { body: {} })).status).toBe(500),
      kestra: async ({ call }) =>
        expect((await call(`${WEBHOOK}/fail/${KEYS.waits}`, { token: null, body: {} })).status).toBe(500),
      hooks: async ({ call }) => expect((await call('/hooks/fail?wait=20', { body: {} })).status).toBe(422),
    },
  },
  {
    name: 'run-time error in status poll',
    shown: {
      serve: async (world) =>
        expect((await read(world, `/status/${await failedRun(world)}`)).json).toMatchObject({
          status: 'failed',
          exit_code: 3,
          error: expect.stringContaining('no such order') as string,
        }),
      windmill: async (world) =>
        expect((await read(world, `${JOBS}_u/get/${await failedRun(world)}`)).json).toMatchObject({
          success: false,
          result: { error: { message: expect.stringContaining('no such order') as string } },
        }),
      sink: async (world) =>
        expect((await read(world, `/api/v1/execution/run/${await failedRun(world)}`)).text).toContain('no such order'),
      endpoints: async (world) =>
        expect((await read(world, `/api/executions/${await failedRun(world)}`)).json).toMatchObject({
          status: 'Failed',
          error_message: expect.stringContaining('no such order') as string,
        }),
      kestra: async (world) =>
        expect((await read(world, `/api/v1/executions/${await failedRun(world)}`, basic(world))).json).toMatchObject({
          state: { current: 'FAILED' },
        }),
    },
  },
  {
    name: 'logs via API',
    shown: {
      sink: async ({ call }) => {
        const headers = { accept: 'text/event-stream;events=named' };
        const { text } = await call('/sink/trigger/http/app/fail', { body: {}, headers });
        expect(text).toMatch(/event: log\ndata: .*no such order/);
      },
      kestra: async (world) => {
        const { json } = await world.call(`${WEBHOOK}/fail/${KEYS.waits}`, { token: null, body: {} });
        expect((await read(world, `/runs/${json.id as string}/logs`)).text).toContain('no such order');
      },
      windmill: async (world) =>
        expect((await read(world, `${JOBS}_u/getupdate/${await failedRun(world)}?log_offset=0`)).json).toMatchObject({
          new_logs: 'no such order\n',
        }),
      endpoints: async (world) =>
        expect((await read(world, `/api/executions/${await failedRun(world)}/logs`)).text).toContain('no such order'),
    },
  },
  {
    name: 'poll with the trigger credential',
    shown: {
      endpoints: async (world) => {
        const token = await world.token('run:shop/echo');
        const { headers } = await world.call('/api/endpoints/echo', { body: {}, token });
        const path = `/api/executions/${headers.get('x-execution-id') ?? ''}`;
        expect((await world.call(path, { method: 'GET', token })).json).toMatchObject({ status: 'Success' });
      },
      serve: async ({ call, token }) => {
        const limited = await token('run:shop/echo');
        const { run_id: id } = (await call('/run/shop/echo?wait=20', { body: {}, token: limited })).json as {
          readonly run_id: string;
        };
        expect((await call(`/status/${id}`, { method: 'GET', token: limited })).json.status).toBe('completed');
      },
      windmill: async ({ call, token, ended }) => {
        const limited = await token('run:shop/echo');
        const { text: id } = await call(`${JOBS}/run/p/shop/echo`, { body: { n: 1 }, token: limited });
        await ended(id);
        const { json } = await call(`${JOBS}_u/completed/get_result/${id}`, { method: 'GET', token: limited });
        expect(json).toEqual({ n: 1 });
      },
      sink: async ({ call, token }) => {
        const limited = await token('run:shop/echo');
        const { run_id: id } = (await call('/sink/trigger/http/app/at-once', { body: {}, token: limited })).json as {
          readonly run_id: string;
        };
        await eventually(async () =>
          expect((await call(`/api/v1/execution/run/${id}`, { method: 'GET', token: limited })).status).toBe(200),
        );
      },
    },
  },
  {
    name: 'timeout of sync wait',
    shown: {
      windmill: async (world) => {
        const { status, text } = await patience(world).windmill;
        expect([status, text]).toEqual([500, expect.stringContaining(`timeout after ${WAIT_MAX_S}s`)]);
      },
      sink: async (world) => {
        const { status, json } = await patience(world).sink;
        expect([status, json]).toMatchObject([200, { triggered: true, message: 'Event triggered' }]);
      },
      endpoints: async (world) => {
        const { status, json } = await patience(world).endpoints;
        expect([status, json]).toMatchObject([200, { status: 'Running', result: null }]);
      },
      kestra: async ({ call }) => {
        const { status, json } = await call(`${WEBHOOK}/brief/${KEYS.waits}`, { token: null, body: {} });
        expect([status, json]).toMatchObject([500, { state: { current: 'FAILED' } }]);
      },
      serve: async ({ call }) => {
        const { status, json } = await call('/run/shop/slow?wait=0.2', { body: {} });
        expect(status).toBe(202);
        await call(`/runs/${json.run_id as string}/cancel`);
      },
      hooks: async ({ call }) => {
        const { status, json } = await call('/hooks/slow?wait=0.2', { body: {} });
        expect(status).toBe(202);
        await call(`/runs/${json.run_id as string}/cancel`);
      },
    },
  },
  {
    name: 'cancel run via API',
    shown: {
      sink: async (world) => {
        const { json } = await world.call('/sink/trigger/http/app/slow', { body: {} });
        const id = json.run_id as string;
        expect((await world.call(`/runs/${id}/cancel`)).status).toBeLessThan(300);
        await world.ended(id);
        expect((await read(world, `/api/v1/execution/run/${id}`)).json).toMatchObject({ status: 'Cancelled' });
      },
      serve: (world) => cancels(world, (id) => world.call(`/runs/${id}/cancel`)),
      windmill: (world) => cancels(world, (id) => world.call(`${JOBS}_u/queue/cancel/${id}`, { body: {} })),
      endpoints: (world) => cancels(world, (id) => world.call(`/api/executions/${id}/cancel`)),
      kestra: (world) =>
        cancels(world, (id) =>
          world.call(`/api/v1/executions/${id}/kill`, { method: 'DELETE', token: null, headers: basic(world) }),
        ),
    },
  },
  {
    name: 'cancel on client disconnect',
    shown: {
      windmill: async (world) => {
        const gone = new AbortController();
        const url = `${world.platform.url}${JOBS}/run_wait_result/p/shop/slow`;
        const headers = { authorization: `Bearer ${world.platform.token}` };
        const call = fetch(url, { method: 'POST', headers, signal: gone.signal }).catch(() => undefined);
        const id = await eventually(async () => {
          const { json } = await read(world, '/runs?workflow=shop/slow&status=running');
          const [run] = (json as { readonly runs: readonly { readonly run_id: string }[] }).runs;
          if (run === undefined) throw new Error('it does not run yet');
          return run.run_id;
        });
        gone.abort();
        await call;
        expect(await world.ended(id)).toMatchObject({ status: 'cancelled' });
      },
    },
  },
  {
    name: 'no answer repeats a credential (2.2)',
    shown: {
      kestra: async ({ call }) => {
        const headers = { authorization: 'Bearer a-credential-of-the-caller' };
        const { text } = await call(`${WEBHOOK}/echo/${KEYS.waits}`, { token: null, headers, body: {} });
        expect(text).not.toContain('a-credential-of-the-caller');
      },
      endpoints: async (world) =>
        expect(JSON.stringify(await echo.endpoints(world, { body: {} }))).not.toContain(world.platform.token),
    },
  },
];
