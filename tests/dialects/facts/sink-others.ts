import { gzipSync } from 'node:zlib';
import { eventually } from '@millrace/testkit';
import { expect } from 'vitest';
import { framesOf } from '../documents/event-frames.ts';
import { patience } from '../patience.ts';
import { KEYS } from '../workflows.ts';
import { type Fact } from './fact.ts';
import { call, desktop, echoed, eventsOf, SINK } from './sink-calls.ts';

const APP = '/sink/trigger/http/app';

export const SINK_OTHERS: readonly Fact[] = [
  {
    shows: ['2.1/path'],
    says: 'a path of more parts; none is no sink',
    show: async (world) => {
      expect((await call(world, `${SINK}/deep/er`, { body: { n: 1 } })).json).toEqual({ n: 1 });
      expect((await call(world, `${SINK}/`, { body: {} })).status).toBe(404);
    },
  },
  {
    shows: ['2.1/compression'],
    says: 'a compressed body is refused',
    show: async ({ platform }) => {
      const headers = { 'content-encoding': 'gzip', 'content-type': 'application/json' };
      const body = gzipSync('{"n":1}');
      expect((await fetch(`${platform.url}${SINK}/open`, { method: 'POST', headers, body })).status).toBe(400);
    },
  },
  {
    shows: ['2.1/desktop-method', '2.1/desktop-400'],
    says: 'second port: the method must fit; broken JSON is a text here',
    show: async (world) => {
      expect((await desktop(world, '/facts/same', { method: 'DELETE' }))[0]).toBe(405);
      const init = { method: 'POST', headers: { accept: 'application/json' }, body: '{"n":' };
      expect(await desktop(world, '/facts/open', init)).toEqual([200, JSON.stringify('{"n":')]);
    },
  },
  {
    shows: ['2.2/no-hmac', '2.6/example'],
    says: 'a sink with a signature is closed to who does not sign; a token may be of one workflow',
    show: async (world) => {
      expect((await call(world, `${APP}/signed`, { body: {} })).status).toBe(401);
      const statusWith = async (scope: string) =>
        (await call(world, `${APP}/at-once`, { body: {}, token: await world.token(scope) })).status;
      expect([await statusWith('run:shop/echo'), await statusWith('run:shop/fail')]).toEqual([200, 404]);
    },
  },
  {
    shows: ['2.3/headers'],
    says: 'neither headers nor method reach the workflow',
    show: async (world) =>
      expect(await echoed(world, { method: 'PUT', headers: { 'x-seen': 'no' }, body: { n: 1 } })).toEqual({ n: 1 }),
  },
  {
    shows: ['2.4/error', '2.4/failed-200'],
    says: 'a failure is an event `error` with its message, or the last documented frame',
    show: async ({ call: ask }) => {
      const named = await ask(`${APP}/fail`, { body: {}, headers: { accept: 'text/event-stream;events=named' } });
      const failure = eventsOf(named.text).find(({ name }) => name === 'error');
      expect([named.status, failure?.data['payload']]).toMatchObject([
        200,
        { message: expect.stringContaining('no such order') as string },
      ]);
      const { text } = await ask(`${APP}/fail`, { body: {}, headers: { accept: 'text/event-stream' } });
      expect(framesOf(text).at(-1)).toMatchObject({ type: 'complete', status: 'failed', output: null });
    },
  },
  {
    shows: ['2.4/timeout'],
    says: 'who has waited for JSON long enough is told that it was triggered; the run goes on',
    show: async (world) => {
      const { status, json } = await patience(world).sink;
      expect([status, json]).toMatchObject([200, { triggered: true, message: 'Event triggered' }]);
      await world.call(`/runs/${(json as { readonly run_id: string }).run_id}/cancel`);
    },
  },
  {
    shows: ['2.4/stream'],
    says: 'while nothing happens a comment comes every second',
    show: async (world) => expect((await patience(world).quiet).text).toContain('\n: keep-alive\n'),
  },
  {
    shows: ['2.6/management'],
    says: 'sinks are listed without their tokens, and switched off and on',
    show: async (world) => {
      const { text } = await world.call('/triggers', { method: 'GET' });
      expect(text).toContain('/at-once');
      expect(text).not.toContain(KEYS.only);
      const put = (verb: string) =>
        world.call(`/triggers/${verb}`, { body: { workflow: 'shop/sunk', trigger: 'deep' } });
      const becomes = (status: number) =>
        eventually(async () => expect((await call(world, `${SINK}/deep/er`, { body: {} })).status).toBe(status));
      expect((await put('disable')).status).toBe(200);
      await becomes(404);
      expect((await put('enable')).status).toBe(200);
      await becomes(200);
    },
  },
  {
    shows: ['2.6/no-limits'],
    says: 'a repeat is the same run, and a rate is kept, where somebody asks for it',
    show: async (world) => {
      const headers = { 'idempotency-key': crypto.randomUUID() };
      const start = async () =>
        (
          (await call(world, `${APP}/at-once`, { headers, body: {}, token: world.platform.token })).json as {
            readonly run_id: string;
          }
        ).run_id;
      expect(await start()).toBe(await start());
      const rated = async () => (await call(world, `${SINK}/rated`, { body: {} })).status;
      expect([await rated(), await rated()]).toEqual([200, 429]);
    },
  },
];
