import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@millrace/testkit';
import { expect } from 'vitest';
import { type Feature } from '../feature.ts';
import { KEYS, SOURCES } from '../workflows.ts';
import { type World } from '../world.ts';
import { type Dialect, newestOf, POLLS, restarted, resultBy, startBy } from './by-dialect.ts';

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

/** What `shop/second` returns at its second attempt. */
const SECOND = { attempt: 2 };

/** The newest run of `shop/secretive` holds nothing of what it was given. */
const isForgotten = (world: World): Promise<void> =>
  eventually(async () => {
    const run = await newestOf(world, 'shop/secretive');
    expect(run).toMatchObject({ deleted: true });
    expect(JSON.stringify(run)).not.toContain('4111');
  });

const isErased = async (world: World, dialect: 'serve' | 'windmill' | 'sink'): Promise<void> => {
  expect(await resultBy[dialect](world, 'secretive', { card: '4111' })).toEqual({ card: '4111' });
  await isForgotten(world);
};

/** Run `again`, it gets the same input. */
const runsAgain = async (world: World, dialect: Dialect): Promise<void> => {
  const id = await startBy[dialect](world, { n: 5 });
  const { input } = await world.ended(id);
  const { json } = await world.call(`/runs/${id}/rerun?wait=20`);
  expect(json).toMatchObject({ status: 'completed', output: input });
};

const isKept = async (world: World, dialect: Dialect): Promise<void> => {
  const { [dialect]: id } = await restarted(world);
  const [path, completed] = POLLS[dialect];
  await eventually(async () => expect((await world.call(path(id), { method: 'GET' })).json).toMatchObject(completed));
};

/** The id of a request at this trigger that started nothing. */
const filteredRequest = ({ call }: World, workflow: string, id: string): Promise<string> =>
  eventually(async () => {
    const { json } = await call(`/requests?workflow=${workflow}&outcome=filtered`, { method: 'GET' });
    const { requests } = json as { readonly requests: readonly { readonly id: string; readonly trigger: string }[] };
    const found = requests.find(({ trigger }) => trigger === id);
    if (found === undefined) throw new Error('it is not listed yet');
    return found.id;
  });

/** A workflow whose file is removed cannot be called any more. */
const isGoneWithItsFile = async ({ call, platform }: World, addressOf: (path: string) => string): Promise<void> => {
  const path = `fleeting/saved-${crypto.randomUUID()}`;
  const becomes = (status: number) =>
    eventually(async () => expect((await call(addressOf(path), { body: {} })).status).toBe(status));
  platform.saveWorkflow(`${path}.sh`, '#!/bin/sh\necho 1\n');
  await becomes(addressOf(path).startsWith('/run/') ? 202 : 201);
  rmSync(join(platform.workflowsDir, `${path}.sh`));
  await becomes(404);
};

export const FLOW_CONTROL: readonly Feature[] = [
  {
    name: 'concurrency limit',
    shown: {
      windmill: async (world) => {
        const release = await occupy(world, 'shop/queue');
        const { text: id } = await world.call(`${JOBS}/run/p/shop/queue`, { body: {} });
        expect((await world.call(`${JOBS}_u/get/${id}`, { method: 'GET' })).json).toMatchObject({
          type: 'QueuedJob',
          running: false,
        });
        await world.call(`/runs/${id}/cancel`);
        await release();
      },
      kestra: async (world) => {
        const release = await occupy(world, 'shop/queue');
        const { status, json } = await world.call(`${WEBHOOK}/queue/${KEYS.async}`, { token: null, body: {} });
        expect([status, json]).toMatchObject([200, { state: { current: 'CREATED' } }]);
        await world.call(`/runs/${json.id as string}/cancel`);
        await release();
      },
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
      serve: async (world) => {
        const release = await occupy(world, 'shop/single');
        expect((await world.call('/run/shop/single', { body: {} })).status).toBe(429);
        await release();
      },
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
      endpoints: async ({ call }) => {
        const send = () => call(`/api/hooks/${SOURCES.rated}`, { token: null, body: {} });
        expect((await send()).status).toBe(202);
        const { status, headers } = await send();
        expect([status, Number(headers.get('retry-after')) > 0]).toEqual([429, true]);
      },
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
      serve: (world) => isGoneWithItsFile(world, (path) => `/run/${path}`),
      windmill: async (world) => {
        expect((await world.call('/api/r/off', { body: {} })).status).toBe(404);
        await isGoneWithItsFile(world, (path) => `${JOBS}/run/p/${path}`);
      },
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
      windmill: (world) => runsAgain(world, 'windmill'),
      kestra: (world) => runsAgain(world, 'kestra'),
      endpoints: async (world) => {
        await world.call(`/api/hooks/${SOURCES.wanted}`, { body: { kind: 'no' }, token: null });
        const id = await filteredRequest(world, 'shop/heard', 'wanted');
        const again = await world.call(`/requests/${id}/redeliver`);
        expect([again.status, again.json]).toMatchObject([200, { status: 'filtered' }]);
      },
      server: async ({ call }) => {
        const { run_id: id } = (await call('/run/shop/echo?wait=20', { body: { input: { n: 5 } } })).json as {
          readonly run_id: string;
        };
        const { json } = await call(`/runs/${id}/rerun?wait=20`);
        expect(json).toMatchObject({ status: 'completed', output: { n: 5 } });
      },
      hooks: async (world) => {
        const { call } = world;
        await call('/hooks/wanted', { body: { wanted: 'no' } });
        const id = await filteredRequest(world, 'shop/shaped', 'wanted');
        const again = await call(`/requests/${id}/redeliver`);
        expect([again.status, again.json]).toMatchObject([200, { status: 'filtered' }]);
      },
    },
  },
  {
    name: 'retries of failed run',
    shown: {
      serve: async (world) => expect(await resultBy.serve(world, 'second')).toEqual(SECOND),
      windmill: async (world) => expect(await resultBy.windmill(world, 'second')).toEqual(SECOND),
      endpoints: async (world) => expect(await resultBy.endpoints(world, 'second')).toEqual(SECOND),
      kestra: async (world) => expect(await resultBy.kestra(world, 'second')).toEqual(SECOND),
    },
  },
  {
    name: 'result erasure',
    shown: {
      serve: (world) => isErased(world, 'serve'),
      sink: (world) => isErased(world, 'sink'),
      kestra: async (world) => {
        await world.call(`${WEBHOOK}/secretive/${KEYS.waits}`, { token: null, body: { card: '4111' } });
        await isForgotten(world);
      },
      windmill: (world) => isErased(world, 'windmill'),
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
      windmill: (world) => isKept(world, 'windmill'),
      sink: (world) => isKept(world, 'sink'),
      endpoints: (world) => isKept(world, 'endpoints'),
      kestra: (world) => isKept(world, 'kestra'),
    },
  },
];
