import { once } from 'node:events';
import { request } from 'node:http';
import { readServerConfig } from '@millrace/runtime';
import { eventually } from '@millrace/testkit';
import { signRequest } from '@millrace/webhooks';
import { expect } from 'vitest';
import { patience } from '../patience.ts';
import { type World } from '../world.ts';
import { type Fact } from './fact.ts';
import { rawRequest } from './raw-request.ts';
import { FACT_SECRETS } from './workflows.ts';

const ECHO = '/run/shop/echo';
const NOWHERE = '/nowhere/at/all';

const stateOf = async ({ call }: World, id: string): Promise<string> =>
  ((await call(`/status/${id}`, { method: 'GET' })).json as { readonly state: string }).state;

const idOf = ({ json }: Awaited<ReturnType<World['call']>>): string => (json as { readonly run_id: string }).run_id;

export const SERVE_OTHERS: readonly Fact[] = [
  {
    shows: ['0.4/memory', '0.7/persistence'],
    says: 'a restart forgets no run',
    show: async (world) => {
      const { call, ended, platform } = world;
      const id = idOf(await call(ECHO, { body: { n: 9 } }));
      await ended(id);
      const before = platform.pid('gateway');
      await platform.kill('gateway');
      await platform.untilRestarted('gateway', before);
      await eventually(async () =>
        expect((await call(`/status/${id}`, { method: 'GET' })).json).toMatchObject({
          status: 'completed',
          output: { n: 9 },
        }),
      );
      patience(world); // begins what later rows wait for
    },
  },
  {
    shows: ['0.1/order', '0.2/client-methods'],
    says: 'token, then client header, then address, which may be any',
    show: async (world) => {
      const bearer = { authorization: `Bearer ${world.platform.token}` };
      for (const method of ['POST', 'PUT', 'DELETE', 'HEAD']) {
        const statusWith = async (headers: Readonly<Record<string, string>>) =>
          (await rawRequest(world.platform.url, NOWHERE, { method, headers })).status;
        const statuses = [await statusWith({}), await statusWith(bearer)];
        expect([method, ...statuses]).toEqual([method, 401, 403]);
      }
      expect((await world.call(NOWHERE)).status).toBe(404);
      expect((await world.call(NOWHERE, { method: 'GET', headers: { 'x-workflow-client': '' } })).status).toBe(404);
    },
  },
  {
    shows: ['0.1/json', '0.1/server-header', '0.1/401'],
    says: 'compact JSON, with date and length; nobody learns which software it is',
    show: async ({ call }) => {
      for (const answer of [await call(ECHO, { body: {} }), await call(ECHO, { token: null }), await call(NOWHERE)]) {
        expect(answer.headers.get('content-type')).toContain('application/json');
        expect(answer.text).toBe(JSON.stringify(answer.json));
        expect(answer.headers.get('server')).toBeNull();
        expect(Date.parse(answer.headers.get('date') ?? '')).toBeGreaterThan(0);
        expect(Number(answer.headers.get('content-length'))).toBe(Buffer.byteLength(answer.text));
      }
      const { headers } = await call('/tasks', { method: 'GET', token: null });
      expect(headers.get('www-authenticate')).toContain('Bearer');
    },
  },
  {
    shows: ['0.1/defaults'],
    says: 'four runs at once unless something else is configured; the paths and 1 MiB are in the other rows',
    show: async () =>
      expect(readServerConfig({ env: {}, cwd: '/' })).toMatchObject({ server: { maxConcurrentRuns: 4 } }),
  },
  {
    shows: ['0.1/limit-exact'],
    says: 'of many that come at once as many run as may, and no more',
    show: async (world) => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => world.call('/run/shop/exact', { body: {} })));
      const ids = answers.filter(({ status }) => status === 202).map(idOf);
      expect(answers.filter(({ status }) => status !== 202 && status !== 429)).toEqual([]);
      // One that was not told in time that it is refused learns it here.
      const states = () => Promise.all(ids.map((id) => stateOf(world, id)));
      await eventually(async () =>
        expect((await states()).filter((state) => state !== 'rejected')).toEqual(['running']),
      );
      for (const id of ids) await world.call(`/runs/${id}/cancel`);
    },
  },
  {
    shows: ['0.1/rescan', '0.1/files', '0.1/tasks-500', '0.1/run-500'],
    says: 'a file that is saved can be called, in deeper folders, too; what it becomes when it is broken changes nothing',
    show: async ({ call, platform }) => {
      const path = `deep/er/saved-${crypto.randomUUID()}`;
      platform.saveWorkflow(`${path}.sh`, '#!/bin/sh\necho 1\n');
      const start = async () => (await call(`/run/${path}`, { body: {} })).status;
      await eventually(async () => expect(await start()).toBe(202));
      platform.saveWorkflow(`${path}.yaml`, 'triggers: none\n');
      await eventually(async () =>
        expect((await call(`/workflows/${path}`, { method: 'GET' })).json).toHaveProperty('problem'),
      );
      expect(await start()).toBe(202);
      const { status, text } = await call('/tasks', { method: 'GET' });
      expect([status, text]).toEqual([200, expect.stringContaining(path)]);
      for (const category of ['_default', 'cwd-shop'])
        expect((await call(`/run/${category}/echo`, { body: {} })).status).toBe(404);
    },
  },
  {
    shows: ['0.2/one-key'],
    says: 'a token may be of some workflows: others are not there',
    show: async ({ call, token }) => {
      const limited = await token('run:shop/echo');
      const statusOf = async (path: string) => (await call(path, { token: limited, body: {} })).status;
      expect([await statusOf(ECHO), await statusOf('/run/shop/env')]).toEqual([202, 404]);
    },
  },
  {
    shows: ['0.3/not-json'],
    says: 'a body that is no JSON, no object, or has an env that is none is 400',
    show: async ({ call }) => {
      for (const body of ['{"env":', '[]', '5', '{"env":[]}'])
        expect([body, (await call(ECHO, { body })).status]).toEqual([body, 400]);
    },
  },
  {
    shows: ['0.4/async-only', '0.6/no-sync'],
    says: 'a start does not wait, unless `?wait=` says so',
    show: async (world) => {
      const started = await world.call('/run/shop/slow', { body: {} });
      expect([started.status, await stateOf(world, idOf(started))]).toEqual([
        202,
        expect.not.stringMatching('completed'),
      ]);
      await world.call(`/runs/${idOf(started)}/cancel`);
      const { status, json } = await world.call(`${ECHO}?wait=20`, { body: { n: 1 } });
      expect([status, json]).toMatchObject([200, { status: 'completed', output: { n: 1 } }]);
    },
  },
  {
    shows: ['0.4/no-timeout'],
    says: '15 minutes, unless the workflow says otherwise',
    show: async ({ call }) => {
      const timeoutOf = async (path: string) =>
        ((await call(`/workflows/${path}`, { method: 'GET' })).json as { readonly timeout_ms: unknown }).timeout_ms;
      expect([await timeoutOf('shop/fail'), await timeoutOf('shop/echo')]).toEqual([900_000, 60_000]);
    },
  },
  {
    shows: ['0.6/history'],
    says: 'a run is among /runs, and webhooks are told when it begins and ends',
    show: async ({ call, receiver, ended }) => {
      const { json } = await call('/webhooks', { body: { url: `${receiver.url}/history`, events: ['run.*'] } });
      const id = idOf(await call(ECHO, { body: {} }));
      await ended(id);
      expect((await call('/runs?workflow=shop/echo', { method: 'GET' })).text).toContain(id);
      await eventually(
        () => {
          const told = receiver.received().map(({ body }) => JSON.parse(body) as { type: string; subject?: string });
          expect(told.filter(({ subject }) => subject === id).map(({ type }) => type)).toEqual(
            expect.arrayContaining(['dev.millrace.run.started.v1', 'dev.millrace.run.completed.v1']),
          );
        },
        { timeoutMs: 30_000 },
      );
      await call(`/webhooks/${(json as { readonly id: string }).id}`, { method: 'DELETE' });
    },
  },
  {
    shows: ['0.6/one-at-a-time'],
    says: 'an upload that does not end holds up nobody',
    show: async ({ call, platform }) => {
      const headers = { authorization: `Bearer ${platform.token}`, 'x-workflow-client': 'facts', 'content-length': 9 };
      const { hostname, port } = new URL(platform.url);
      const upload = request({ hostname, port, method: 'POST', path: ECHO, headers });
      upload.on('error', () => undefined); // it is given up below
      upload.write('{');
      await once(upload, 'socket');
      expect((await call('/health', { method: 'GET', token: null })).status).toBe(200);
      upload.destroy();
    },
  },
  {
    shows: ['0.6/no-idempotency'],
    says: 'a call with the same Idempotency-Key is the same run',
    show: async ({ call }) => {
      const start = () => call(ECHO, { body: {}, headers: { 'idempotency-key': 'of-the-facts' } });
      expect(idOf(await start())).toBe(idOf(await start()));
    },
  },
  {
    shows: ['0.6/no-signatures'],
    says: 'a signature is looked at by no start, and a proxy in front does TLS',
    show: async ({ call, platform }) => {
      expect((await call(ECHO, { body: {}, headers: { 'x-hub-signature-256': 'sha256=00' } })).status).toBe(202);
      expect(new URL(platform.url).protocol).toBe('http:');
    },
  },
  {
    shows: ['0.7/client-header', '0.7/no-signature'],
    says: 'senders of webhooks have addresses that want no header, and that verify',
    show: async ({ call, platform: { url } }) => {
      const body = '{"alert":"up"}';
      const signing = { secret: FACT_SECRETS.GITHUB, url, body: Buffer.from(body), deliveryId: crypto.randomUUID() };
      const signed = signRequest('github', { ...signing, nowMs: Date.now() });
      const send = async (headers: Readonly<Record<string, string>>) =>
        (await call('/hooks/signed', { token: null, body, headers: { ...headers, 'x-workflow-client': '' } })).status;
      expect([await send(signed), await send({})]).toEqual([202, 401]);
    },
  },
];
