import { createHmac } from 'node:crypto';
import { eventually } from '@millrace/testkit';
import { expect } from 'vitest';
import { type Feature } from '../feature.ts';
import { KEYS, SECRETS, SOURCES } from '../workflows.ts';
import { echo, type World } from '../world.ts';
import { startBy } from './by-dialect.ts';

const JOBS = '/api/w/demo/jobs';
const EVENT = { specversion: '1.0', id: '1', source: 'grid', type: 'made' };
const STRUCTURED = {
  headers: { 'content-type': 'application/cloudevents+json' },
  body: { ...EVENT, data: { n: 1 } },
};
const BINARY = {
  headers: { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': 'grid', 'ce-type': 'made' },
  body: { n: 1 },
};
const BATCH = {
  headers: { 'content-type': 'application/cloudevents-batch+json' },
  body: [STRUCTURED.body, { ...STRUCTURED.body, id: '2' }],
};

const slackSigned = (body: string) => {
  const time = String(Math.floor(Date.now() / 1_000));
  const mac = createHmac('sha256', SECRETS.SLACK).update(`v0:${time}:${body}`).digest('hex');
  return { 'x-slack-request-timestamp': time, 'x-slack-signature': `v0=${mac}` };
};

/** A challenge is answered to whoever signs it. */
const isAsked = async ({ call }: World, path: string): Promise<void> => {
  const body = JSON.stringify({ type: 'url_verification', challenge: 'a-challenge' });
  const ask = (headers: Readonly<Record<string, string>>) => call(path, { body, token: null, headers });
  const { status, text } = await ask(slackSigned(body));
  expect([status, text]).toEqual([200, expect.stringContaining('a-challenge')]);
  expect((await ask(slackSigned(`${body} `))).status).toBe(401);
};

/** The address is one of those that OpenAPI describes. */
const isDescribed = async ({ call }: World, path: string): Promise<void> => {
  const { json } = await call('/openapi.json', { method: 'GET' });
  expect(Object.keys((json as { readonly paths: object }).paths)).toContain(path);
};

interface Told {
  readonly type: string;
  readonly subject?: string;
  readonly path?: string;
}

/** A receiver was told so, signed. */
const isTold = ({ receiver }: World, fits: (told: Told) => boolean): Promise<void> =>
  eventually(
    () => {
      const found = receiver.received().find(({ body }) => fits(JSON.parse(body) as Told));
      expect(found?.headers).toMatchObject({ 'webhook-signature': expect.stringMatching(/^v1,/) as string });
    },
    { timeoutMs: 30_000 },
  );

/** Who asks how to call `shop/echo` is told this address. */
const isListed = async ({ call }: World, name: string, path: string): Promise<void> => {
  const { json } = await call('/triggers/shop/echo', { method: 'GET' });
  const { calls } = json as { readonly calls: readonly { readonly dialect: string; readonly path: string }[] };
  expect(calls.filter(({ dialect }) => dialect === name).map((one) => one.path)).toContain(path);
};

/** One address tells how the server is: theirs is none. */
const isHealthyAtOurs = async ({ call }: World, theirs: string): Promise<void> => {
  const statusOf = async (path: string) => (await call(path, { method: 'GET' })).status;
  expect([await statusOf('/health'), await statusOf(theirs)]).toEqual([200, 404]);
};

export const STANDARDS: readonly Feature[] = [
  {
    name: 'CloudEvents structured',
    shown: {
      windmill: async (world) =>
        expect(await echo.windmill(world, STRUCTURED)).toEqual({ n: 1, WEBHOOK__METADATA__: EVENT }),
      serve: async (world) => expect(await echo.serve(world, STRUCTURED)).toEqual({ n: 1 }),
      sink: async (world) => expect(await echo.sink(world, STRUCTURED)).toEqual({ n: 1 }),
      endpoints: async (world) =>
        expect(await echo.endpoints(world, STRUCTURED)).toMatchObject({ n: 1, payload: { n: 1 } }),
      kestra: async (world) => expect(await echo.kestra(world, STRUCTURED)).toMatchObject({ body: STRUCTURED.body }),
      hooks: async (world) => expect(await echo.hooks(world, STRUCTURED)).toEqual({ n: 1 }),
    },
  },
  {
    name: 'CloudEvents binary',
    shown: {
      windmill: async (world) =>
        expect(await echo.windmill(world, BINARY)).toMatchObject({ n: 1, WEBHOOK__METADATA__: EVENT }),
      serve: async (world) => expect(await echo.serve(world, BINARY)).toEqual({ n: 1 }),
      sink: async (world) => expect(await echo.sink(world, BINARY)).toEqual({ n: 1 }),
      endpoints: async (world) =>
        expect(await echo.endpoints(world, BINARY)).toMatchObject({ n: 1, payload: { n: 1 } }),
      kestra: async (world) =>
        expect(await echo.kestra(world, BINARY)).toMatchObject({ headers: { 'ce-id': ['1'] }, body: { n: 1 } }),
      hooks: async (world) => expect(await echo.hooks(world, BINARY)).toEqual({ n: 1 }),
    },
  },
  {
    name: 'CloudEvents batch',
    shown: {
      windmill: async ({ call }) => {
        const { status, json } = await call(`${JOBS}/run/p/shop/echo`, BATCH);
        expect([status, json]).toMatchObject([202, { items: [{ status: 'accepted' }, { status: 'accepted' }] }]);
      },
      kestra: async ({ call }) => {
        const { status, json } = await call(`/api/v1/executions/webhook/shop/echo/${KEYS.async}`, BATCH);
        expect([status, json]).toMatchObject([202, { items: [{ status: 'accepted' }, { status: 'accepted' }] }]);
      },
      hooks: async ({ call }) => {
        const { status, json } = await call('/hooks/wanted', { ...BATCH, body: [...BATCH.body, { id: 'broken' }] });
        expect([status, json]).toMatchObject([207, { items: [{}, {}, { status: 'refused' }] }]);
      },
    },
  },
  {
    name: 'CloudEvents/WebHook OPTIONS handshake',
    shown: {
      windmill: async ({ call }) => {
        const headers = { 'webhook-request-origin': 'eventgrid.azure.net' };
        const answer = await call(`${JOBS}/run/p/shop/echo`, { method: 'OPTIONS', token: null, headers });
        expect(answer.headers.get('webhook-allowed-origin')).toBe('eventgrid.azure.net');
      },
    },
  },
  {
    name: 'challenge echo',
    shown: {
      windmill: (world) => isAsked(world, '/api/r/asked'),
      sink: (world) => isAsked(world, '/sink/trigger/http/app/asked'),
      endpoints: async ({ call }) => {
        const path = `/api/hooks/${SOURCES.graph}?validationToken=a-challenge`;
        const { status, text } = await call(path, { token: null });
        expect([status, text]).toEqual([200, 'a-challenge']);
      },
      kestra: (world) => isAsked(world, `/api/v1/executions/webhook/shop/guarded/${KEYS.asked}`),
      hooks: (world) => isAsked(world, '/hooks/asked'),
    },
  },
  {
    name: 'OpenAPI of endpoints',
    shown: {
      serve: (world) => isDescribed(world, '/run/{path}'),
      windmill: (world) => isDescribed(world, '/api/w/{workspace}/jobs/run/p/{path}'),
      sink: (world) => isDescribed(world, '/sink/trigger/http/{app_id}/{path}'),
      endpoints: (world) => isDescribed(world, '/api/endpoints/{path}'),
      kestra: (world) => isDescribed(world, '/api/v1/executions/webhook/{namespace}/{flowId}/{key}'),
      hooks: (world) => isDescribed(world, '/hooks/{path}'),
    },
  },
  {
    name: 'CORS open',
    shown: {
      windmill: async ({ call }) => {
        const headers = { origin: 'https://shop.example', 'access-control-request-method': 'POST' };
        const answer = await call(`${JOBS}/run/p/shop/echo`, { method: 'OPTIONS', token: null, headers });
        expect(answer.headers.get('access-control-allow-origin')).toBe('*');
      },
      sink: async ({ call }) => {
        const headers = { origin: 'https://shop.example', 'access-control-request-method': 'POST' };
        const answer = await call('/sink/trigger/http/app/open', { method: 'OPTIONS', token: null, headers });
        expect(answer.headers.get('access-control-allow-origin')).toBe('*');
      },
    },
  },
  {
    name: 'outgoing change notification',
    shown: {
      serve: async (world) => {
        const url = `${world.receiver.url}/hook`;
        expect((await world.call('/webhooks', { body: { url, events: ['run.ended'] } })).status).toBe(201);
        const id = await startBy.serve(world);
        await isTold(world, ({ subject }) => subject === id);
      },
      windmill: async (world) => {
        const url = `${world.receiver.url}/workspace`;
        expect((await world.call('/webhooks', { body: { url, format: 'windmill' } })).status).toBe(201);
        const path = `told/made-${crypto.randomUUID()}`;
        world.platform.saveWorkflow(`${path}.sh`, '#!/bin/sh\necho 1\n');
        await isTold(world, (told) => told.path === path && told.type === 'CreateScript');
      },
    },
  },
  {
    name: 'health URL',
    shown: {
      serve: async ({ call }) => {
        const { status, json } = await call('/health', { method: 'GET', token: null });
        expect([status, json]).toMatchObject([200, { status: 'ok' }]);
      },
      sink: async ({ platform }) => {
        const answer = await fetch(`http://127.0.0.1:${platform.platform.listeners()['sink'] ?? 0}/health`);
        expect([answer.status, await answer.text()]).toEqual([200, 'OK']);
      },
      windmill: (world) => isHealthyAtOurs(world, '/api/version'),
      kestra: (world) => isHealthyAtOurs(world, '/api/v1/health'),
      endpoints: async ({ call }) => {
        const { status, text } = await call('/api/hooks/health', { method: 'GET', token: null });
        expect([status, text]).toEqual([200, 'OK']);
      },
    },
  },
  {
    name: 'list of callable workflows',
    shown: {
      windmill: (world) => isListed(world, 'windmill', '/api/w/default/jobs/run/p/shop/echo'),
      sink: (world) => isListed(world, 'sink', '/sink/trigger/http/app/at-once'),
      endpoints: (world) => isListed(world, 'endpoints', '/api/endpoints/echo'),
      kestra: (world) => isListed(world, 'kestra', '/api/v1/executions/webhook/shop/echo/$MILLRACE_KEY'),
      serve: async ({ call }) => {
        const { json } = await call('/tasks', { method: 'GET' });
        expect((json as { readonly tasks: readonly unknown[] }).tasks).toContainEqual(
          expect.objectContaining({ ref: 'shop/echo', kind: 'ShellScript' }),
        );
      },
      server: async ({ call }) => {
        const { json, text } = await call('/triggers', { method: 'GET' });
        const names = (json as { readonly triggers: readonly { readonly dialect: string }[] }).triggers;
        expect(new Set(names.map(({ dialect }) => dialect))).toEqual(
          new Set(['hooks', 'kestra', 'sink', 'endpoints', 'windmill']),
        );
        for (const key of Object.values(KEYS)) expect(text).not.toContain(key);
      },
    },
  },
];
