import { expect } from 'vitest';
import { type Feature } from '../feature.ts';
import { KEYS, SOURCES } from '../workflows.ts';
import { echo } from '../world.ts';
import { newestOf, resultBy } from './by-dialect.ts';

const JOBS = '/api/w/demo/jobs';
const GIVEN = { body: { n: 1 } };
const NAMED = { body: { n: 1 }, headers: { 'x-event': 'push' } };

/** Milliseconds between the request of a run and its beginning. */
const waited = (run: Readonly<Record<string, unknown>>): number =>
  Date.parse(run['started_at'] as string) - Date.parse(run['queued_at'] as string);

/** One byte more than a JSON body of this many bytes. */
const larger = (bytes: number): string => `"${'a'.repeat(bytes - 1)}"`;
const MIB = 1_048_576;

export const INPUT_OPTIONS: readonly Feature[] = [
  {
    name: 'body wrapping option',
    shown: {
      windmill: async (world) =>
        expect(await echo.windmill(world, NAMED, 'wrap_body=true')).toEqual({ body: { n: 1 } }),
    },
  },
  {
    name: 'base64 payload query',
    shown: {
      windmill: async (world) => {
        const payload = encodeURIComponent(btoa('{"n":2}'));
        expect(await echo.windmill(world, { method: 'GET' }, `payload=${payload}`)).toEqual({ n: 2 });
      },
    },
  },
  {
    name: 'pre-processing step before main',
    shown: {
      serve: async ({ call }) =>
        expect((await call('/run/shop/prepared?wait=20', { body: { input: { n: 2 } } })).json.output).toBe(2),
      endpoints: async (world) => {
        const body = { user: { name: 'Ada' } };
        expect((await world.call(`/api/hooks/${SOURCES.mapped}`, { body, token: null })).status).toBe(202);
        expect(await newestOf(world, 'shop/heard')).toMatchObject({ input: { who: 'Ada' } });
      },
      kestra: async (world) => expect(await resultBy.kestra(world, 'typed', { n: '3' })).toEqual({ n: 3 }),
      hooks: async ({ call }) => expect((await call('/hooks/mapped?wait=20', NAMED)).status).toBe(400),
      windmill: async ({ call }) =>
        expect((await call('/api/w/demo/jobs/run_wait_result/p/shop/prepared', { body: { n: 2 } })).json).toBe(3),
    },
  },
  {
    name: 'type coercion',
    shown: {
      kestra: async (world) => expect(await resultBy.kestra(world, 'typed', { n: '4' })).toEqual({ n: 4 }),
      endpoints: async ({ call }) =>
        expect((await call('/api/endpoints/typed?n=3&on=true', { body: {} })).json).toEqual({ n: 3, on: true }),
    },
  },
  {
    name: 'condition filter before running',
    shown: {
      endpoints: async (world) => {
        const before = await world.runsOf('shop/heard');
        const send = (kind: string) => world.call(`/api/hooks/${SOURCES.wanted}`, { body: { kind }, token: null });
        expect((await send('other')).status).toBeLessThan(300);
        expect(await world.runsOf('shop/heard')).toBe(before);
        expect((await send('wanted')).status).toBe(202);
        expect(await world.runsOf('shop/heard')).toBe(before + 1);
      },
      kestra: async ({ call }) => {
        const path = `/api/v1/executions/webhook/shop/shaped/${KEYS.waits}`;
        expect((await call(path, { token: null, body: { wanted: false } })).status).toBe(204);
      },
      hooks: async ({ call }) => {
        const { status, headers } = await call('/hooks/wanted', { body: { wanted: false } });
        expect([status, headers.get('millrace-filtered')]).toEqual([204, expect.any(String)]);
      },
    },
  },
  {
    name: 'environment variables from body',
    shown: {
      serve: async ({ call }) =>
        expect((await call('/run/shop/env?wait=20', { body: { env: { TARGET: 'production' } } })).json.output).toEqual({
          target: 'production',
        }),
    },
  },
  {
    name: 'delayed / scheduled run',
    shown: {
      serve: async ({ call, ended }) => {
        const { json } = await call('/run/shop/echo?not_before=1s', GIVEN);
        expect(waited(await ended(json.run_id as string))).toBeGreaterThanOrEqual(1_000);
      },
      windmill: async ({ call, ended }) => {
        const { text: id } = await call(`${JOBS}/run/p/shop/echo?scheduled_in_secs=1`, GIVEN);
        expect(waited(await ended(id))).toBeGreaterThanOrEqual(1_000);
      },
    },
  },
  {
    name: 'caller-chosen run id',
    shown: {
      windmill: async ({ call }) => {
        const path = `${JOBS}/run/p/shop/echo?job_id=${crypto.randomUUID()}`;
        const [first, again] = [await call(path, NAMED), await call(path, NAMED)];
        expect([again.status, again.text]).toEqual([201, first.text]);
      },
    },
    missing: 'the id names the call, and its repeat gets the same run; ids of runs are made in the order of time',
  },
  {
    name: 'body limit',
    shown: {
      endpoints: async ({ call }) =>
        expect((await call('/api/endpoints/echo', { body: larger(MIB) })).status).toBe(413),
      kestra: async ({ call }) =>
        expect(
          (await call(`/api/v1/executions/webhook/shop/echo/${KEYS.async}`, { token: null, body: larger(MIB) })).status,
        ).toBe(413),
      serve: async ({ call }) =>
        expect((await call('/run/shop/echo', { body: larger(MIB) })).json).toEqual({
          error: 'request body too large',
          max_bytes: MIB,
        }),
      windmill: async ({ call }) =>
        expect((await call(`${JOBS}/run/p/shop/echo`, { body: larger(MIB) })).status).toBe(413),
      sink: async ({ call }) =>
        expect((await call('/sink/trigger/http/app/at-once', { body: larger(10 * MIB) })).status).toBe(400),
      hooks: async ({ call }) => expect((await call('/hooks/echo', { body: larger(MIB) })).status).toBe(413),
    },
  },
  {
    name: 'JSON Schema of the input (2.2)',
    shown: {
      serve: async ({ call }) =>
        expect((await call('/run/shop/typed', { body: { input: { n: 'x' } } })).json).toMatchObject({
          status: 400,
          detail: 'input.n must be integer',
        }),
      endpoints: async ({ call }) =>
        expect((await call('/api/endpoints/typed', { body: { n: 'x' } })).status).toBe(422),
    },
  },
];
