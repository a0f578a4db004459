import { eventually } from '@millrace/testkit';
import { expect } from 'vitest';
import { type Feature } from '../feature.ts';
import { KEYS } from '../workflows.ts';
import { type World } from '../world.ts';

const JOBS = '/api/w/demo/jobs';
const WEBHOOK = '/api/v1/executions/webhook/shop';
const JSON_PLEASE = { accept: 'application/json' };

/** Two calls with one key are one run; `idOf` finds it in an answer. */
const oneRun = async (
  { call }: World,
  path: string,
  idOf: (answer: { readonly text: string; readonly json: unknown }) => unknown,
): Promise<void> => {
  const request = { body: { n: 1 }, headers: { ...JSON_PLEASE, 'idempotency-key': crypto.randomUUID() } };
  const [first, again] = [await call(path, request), await call(path, request)];
  expect(idOf(first)).toBeTypeOf('string');
  expect(idOf(again)).toBe(idOf(first));
};
const runId = ({ json }: { readonly json: unknown }): unknown => (json as { readonly run_id: string }).run_id;

/** Starts one that stays, and gives what ends it. */
const occupy = async ({ call }: World, workflow: string): Promise<() => Promise<unknown>> => {
  const { run_id: id } = (await call(`/run/${workflow}`, { body: {} })).json as { readonly run_id: string };
  await eventually(async () =>
    expect((await call(`/status/${id}`, { method: 'GET' })).json).toMatchObject({ state: 'running' }),
  );
  return () => call(`/runs/${id}/cancel`);
};

export const FLOW_CONTROL: readonly Feature[] = [
  {
    name: 'concurrency limit',
    shown: {
      serve: async (world) => {
        const release = await occupy(world, 'shop/single');
        const { status, json } = await world.call('/run/shop/single', { body: {} });
        expect([status, json]).toEqual([429, { error: 'too many concurrent runs', max: 1 }]);
        await release();
      },
    },
  },
  {
    name: 'queue-full refusal',
    shown: {
      windmill: async (world) => {
        const release = await occupy(world, 'shop/queue');
        const waiting = (await world.call('/run/shop/queue', { body: {} })).json as { readonly run_id: string };
        await eventually(async () =>
          expect((await world.call(`/status/${waiting.run_id}`, { method: 'GET' })).status).toBe(200),
        );
        const { status } = await world.call(`${JOBS}/run_wait_result/p/shop/echo?queue_limit=0`, { body: {} });
        expect(status).toBe(500);
        await world.call(`/runs/${waiting.run_id}/cancel`);
        await release();
      },
    },
  },
  {
    name: 'rate limit',
    shown: {
      hooks: async ({ call }) => {
        for (const remaining of ['1', '0']) {
          const { status, headers } = await call('/hooks/rated', { body: {} });
          expect([status, headers.get('ratelimit-remaining')]).toEqual([202, remaining]);
        }
        const { status, headers } = await call('/hooks/rated', { body: {} });
        expect([status, headers.get('ratelimit-limit')]).toEqual([429, '2']);
        for (const name of ['retry-after', 'ratelimit-reset']) expect(Number(headers.get(name))).toBeGreaterThan(0);
      },
    },
  },
  {
    name: 'idempotency key / dedup',
    shown: {
      serve: (world) => oneRun(world, '/run/shop/echo', runId),
      windmill: (world) => oneRun(world, `${JOBS}/run/p/shop/echo`, ({ text }) => text),
      sink: (world) => oneRun(world, '/sink/trigger/http/app/at-once', runId),
      endpoints: async ({ call }) => {
        const headers = { 'idempotency-key': crypto.randomUUID() };
        const ask = async () =>
          (await call('/api/endpoints/echo', { body: {}, headers })).headers.get('x-execution-id');
        expect(await ask()).toBe(await ask());
      },
      kestra: (world) =>
        oneRun(world, `${WEBHOOK}/echo/${KEYS.async}`, ({ json }) => (json as { readonly id: string }).id),
      hooks: (world) => oneRun(world, '/hooks/echo', runId),
    },
  },
  {
    name: 'stop after state',
    shown: {
      kestra: async ({ call }) => {
        const path = `${WEBHOOK}/stops/${KEYS.waits}`;
        expect((await call(path, { token: null, body: {} })).status).toBe(200);
        expect((await call(path, { token: null, body: {} })).status).toBe(409);
      },
      hooks: async ({ call }) => {
        expect((await call('/hooks/stops?wait=20', { body: {} })).status).toBe(200);
        expect((await call('/hooks/stops?wait=20', { body: {} })).status).toBe(409);
      },
    },
  },
  {
    name: 'disable endpoint',
    shown: {
      sink: async ({ call }) => expect((await call('/sink/trigger/http/app/off', { body: {} })).status).toBe(404),
      endpoints: async ({ call }) => expect((await call('/api/endpoints/off', { body: {} })).status).toBe(404),
      kestra: async ({ call }) =>
        expect((await call(`${WEBHOOK}/off/${KEYS.async}`, { token: null, body: {} })).status).toBe(409),
      hooks: async ({ call }) => expect((await call('/hooks/off', { body: {} })).status).toBe(404),
    },
  },
  {
    name: 'replay / redelivery',
    shown: {
      server: async ({ call }) => {
        const { run_id: id } = (await call('/run/shop/echo?wait=20', { body: { input: { n: 5 } } })).json as {
          readonly run_id: string;
        };
        const { json } = await call(`/runs/${id}/rerun?wait=20`);
        expect(json).toMatchObject({ status: 'completed', output: { n: 5 } });
      },
      hooks: async ({ call }) => {
        await call('/hooks/wanted', { body: { wanted: 'no' } });
        const filtered = await eventually(async () => {
          const { json } = await call('/requests?workflow=shop/shaped&outcome=filtered', { method: 'GET' });
          const found = (
            json as { readonly requests: readonly { readonly id: string; readonly trigger: string }[] }
          ).requests.find(({ trigger }) => trigger === 'wanted');
          if (found === undefined) throw new Error('it is not listed yet');
          return found;
        });
        const again = await call(`/requests/${filtered.id}/redeliver`);
        expect([again.status, again.json]).toMatchObject([200, { status: 'filtered' }]);
      },
    },
  },
  {
    name: 'retries of failed run',
    shown: {
      server: async ({ call }) =>
        expect((await call('/run/shop/second?wait=20', { body: {} })).json).toMatchObject({
          status: 'completed',
          output: { attempt: 2 },
        }),
    },
  },
  {
    name: 'result erasure',
    shown: {
      windmill: async ({ call, ended }) => {
        const { json } = await call(`${JOBS}/run_wait_result/p/shop/secretive`, { body: { card: '4111' } });
        expect(json).toEqual({ card: '4111' });
        const list = await call('/runs?workflow=shop/secretive', { method: 'GET' });
        const [{ run_id: id }] = (list.json as { readonly runs: readonly [{ readonly run_id: string }] }).runs;
        await eventually(async () => expect(await ended(id)).toMatchObject({ deleted: true }));
        expect(JSON.stringify(await ended(id))).not.toContain('4111');
      },
    },
  },
  {
    name: 'what started nothing is recorded, with the reason (2.2)',
    shown: {
      hooks: async ({ call }) => {
        await call('/hooks/signed', { body: {}, token: null, headers: { 'x-hub-signature-256': 'sha256=00' } });
        await eventually(async () => {
          const { json } = await call('/requests?workflow=shop/guarded&outcome=refused', { method: 'GET' });
          expect(JSON.stringify(json)).toContain('signature.refused');
        });
      },
    },
  },
  {
    name: 'persistence over restart',
    shown: {
      server: async ({ call, platform }) => {
        const { run_id: id } = (await call('/run/shop/echo?wait=20', { body: { input: { n: 9 } } })).json as {
          readonly run_id: string;
        };
        const before = platform.pid('gateway');
        await platform.kill('gateway');
        await platform.untilRestarted('gateway', before);
        await eventually(
          async () =>
            expect((await call(`/status/${id}`, { method: 'GET' })).json).toMatchObject({
              status: 'completed',
              output: { n: 9 },
            }),
          { timeoutMs: 20_000 },
        );
      },
    },
  },
];
