import { createHmac } from 'node:crypto';
import { eventually } from '@millrace/testkit';
import { expect } from 'vitest';
import { type Feature } from '../feature.ts';
import { KEYS, SECRETS } from '../workflows.ts';
import { echo } from '../world.ts';

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
      hooks: async ({ call }) => {
        const body = JSON.stringify({ type: 'url_verification', challenge: 'a-challenge' });
        const { status, text } = await call('/hooks/asked', { body, token: null, headers: slackSigned(body) });
        expect([status, text]).toEqual([200, expect.stringContaining('a-challenge')]);
      },
    },
  },
  {
    name: 'OpenAPI of endpoints',
    shown: {
      server: async ({ call }) => {
        const { json } = await call('/openapi.json', { method: 'GET' });
        const paths = Object.keys((json as { readonly paths: object }).paths).join('\n');
        for (const part of [
          '/run/',
          '/jobs/run/p/',
          '/sink/trigger/http/',
          '/api/endpoints/',
          '/executions/webhook/',
          '/hooks/',
        ])
          expect(paths).toContain(part);
      },
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
      server: async ({ call, receiver }) => {
        const url = `${receiver.url}/hook`;
        expect((await call('/webhooks', { body: { url, events: ['run.ended'] } })).status).toBe(201);
        await eventually(
          async () => {
            await call('/run/shop/echo?wait=20', { body: {} });
            expect(receiver.received().map(({ headers }) => headers)).toContainEqual(
              expect.objectContaining({ 'webhook-signature': expect.stringMatching(/^v1,/) as string }),
            );
          },
          { timeoutMs: 20_000 },
        );
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
    },
  },
  {
    name: 'list of callable workflows',
    shown: {
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
