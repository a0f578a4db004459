import { expect } from 'vitest';
import { framesOf } from '../documents/event-frames.ts';
import { type Fact } from './fact.ts';
import { SINK, JSON_BACK, call, echoed, eventsOf } from './sink-calls.ts';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

export const SINK_INPUT: readonly Fact[] = [
  {
    shows: ['2.3/json', '2.3/not-json', '2.3/empty'],
    says: 'JSON of any kind, whatever the content type says; anything else is a text; nothing is null',
    show: async (world) => {
      const headers = { 'content-type': 'text/plain' };
      for (const body of [{ n: 1 }, [1], 'text', 5, null])
        expect(await echoed(world, { headers, body: JSON.stringify(body) })).toEqual(body);
      expect(await echoed(world, { headers, body: '<a/>' })).toBe('<a/>');
      expect(await echoed(world, {})).toBeNull();
    },
  },
  {
    shows: ['2.3/query', '2.3/not-json'],
    says: 'the query is merged, members of the body win; repeated names and name[] are lists; _body for a text',
    show: async (world) => {
      expect(await echoed(world, { body: { a: 'body' } }, 'a=query&b=1&b=2&c[]=3')).toEqual({
        a: 'body',
        b: ['1', '2'],
        c: ['3'],
      });
      expect(await echoed(world, { body: 'text', headers: { 'content-type': 'text/plain' } }, 'a=1')).toEqual({
        a: '1',
        _body: 'text',
      });
    },
  },
  {
    shows: ['2.3/form', '2.3/multipart'],
    says: 'forms are objects, repeated keys lists; files have path, store_ref and cache_store_ref',
    show: async (world) => {
      expect(await echoed(world, { headers: FORM, body: 'a=1&b=2&b=3' })).toEqual({ a: '1', b: ['2', '3'] });
      const body = new FormData();
      body.set('field', 'value');
      body.set('file', new Blob(['hello']), 'hello.txt');
      const name = expect.any(String) as string;
      expect(await echoed(world, { body })).toMatchObject({
        field: 'value',
        file: { path: name, store_ref: name, cache_store_ref: null },
      });
    },
  },
];

export const SINK_ANSWERS: readonly Fact[] = [
  {
    shows: ['2.4/documented', '2.1/success'],
    says: 'documented frames by default: progress and complete, no event names',
    show: async (world) => {
      const { status, headers, text } = await world.call(`${SINK}/steps`, {
        token: null,
        body: { n: 1 },
        headers: { accept: '*/*' },
      });
      expect([status, headers.get('content-type')]).toEqual([200, expect.stringContaining('text/event-stream')]);
      expect(text).not.toMatch(/^event:/m);
      const run = { run_id: expect.any(String) as string };
      const frames = framesOf(text);
      expect(frames).toContainEqual({ type: 'progress', ...run, progress: 25 });
      expect(frames.at(-1)).toEqual({ type: 'complete', ...run, output: { n: 1 } });
    },
  },
  {
    shows: [
      '2.4/stream',
      '2.4/envelope',
      '2.4/run_initiated',
      '2.4/log',
      '2.4/generic_result',
      '2.4/completed',
      '2.4/flow-events',
    ],
    says: 'named events: run_initiated, log, generic_result, completed, each with event_id, event_type, payload, timestamp',
    show: async (world) => {
      const headers = { accept: 'text/event-stream;events=named' };
      const { text } = await world.call(`${SINK}/steps`, { token: null, body: { n: 1 }, headers });
      const events = eventsOf(text);
      expect(events[0]).toMatchObject({
        name: 'run_initiated',
        data: { payload: { run_id: expect.any(String) as string } },
      });
      const payloadOf = (wanted: string) => events.find(({ name }) => name === wanted)?.data['payload'];
      expect(payloadOf('log')).toMatchObject({ message: expect.stringContaining('working') as string });
      expect(payloadOf('generic_result')).toEqual({ n: 1 });
      expect(payloadOf('completed')).toMatchObject({ status: 'completed', duration_ms: expect.any(Number) as number });
      for (const { name, data } of events)
        expect(data).toMatchObject({
          event_id: expect.any(String) as string,
          event_type: name,
          timestamp: {
            secs_since_epoch: expect.any(Number) as number,
            nanos_since_epoch: expect.any(Number) as number,
          },
        });
    },
  },
  {
    shows: ['2.4/json'],
    says: 'JSON: the result, or that it was triggered where there is none',
    show: async (world) =>
      expect((await call(world, `${SINK}/silent`, { body: {} })).json).toEqual({
        triggered: true,
        run_id: expect.any(String) as string,
        message: 'Event triggered',
      }),
  },
  {
    shows: ['2.4/failed-200'],
    says: 'a run that failed is 200 as well',
    show: async (world) => {
      const { status, json } = await world.call('/sink/trigger/http/app/fail', { body: {}, headers: JSON_BACK });
      expect([status, json]).toMatchObject([200, { status: 'failed' }]);
    },
  },
  {
    shows: ['2.4/run', '2.4/poll'],
    says: 'GET /api/v1/execution/run/{run_id} tells the state; there is no /execution/poll',
    show: async (world) => {
      const { json } = await world.call('/sink/trigger/http/app/at-once', { body: { n: 1 } });
      const { run_id: id } = json as { readonly run_id: string };
      await world.ended(id);
      const read = await world.call(`/api/v1/execution/run/${id}`, { method: 'GET' });
      expect(read.json).toMatchObject({
        run_id: id,
        status: 'Completed',
        error: null,
        input_payload_len: 7,
        output_payload_len: 7,
        started_at: expect.any(String) as string,
        completed_at: expect.any(String) as string,
      });
      expect((await world.call('/api/v1/execution/poll', { method: 'GET' })).status).toBe(404);
    },
  },
];

export const SINK_KINDS: readonly Fact[] = [
  {
    shows: ['2.5/none'],
    says: 'CloudEvents: their data is the payload',
    show: async (world) => {
      const headers = { 'content-type': 'application/cloudevents+json' };
      const body = { specversion: '1.0', id: '1', source: '/facts', type: 'made', data: { n: 1 } };
      expect(await echoed(world, { headers, body })).toEqual({ n: 1 });
    },
  },
  {
    shows: ['2.6/telegram', '2.6/discord', '2.6/async', '2.6/inactive'],
    says: 'sinks of other kinds are not there; a sink that is not active is 404',
    show: async (world) => {
      for (const path of ['/sink/trigger/telegram/x', '/sink/trigger/discord/x', '/sink/trigger/async', `${SINK}/off`])
        expect([path, (await world.call(path, { body: {} })).status]).toEqual([path, 404]);
    },
  },
  {
    shows: ['2.4/sdk', '2.7/wishes'],
    says: 'an SDK that reads JSON can: Accept says so',
    show: async (world) => expect(await echoed(world, { body: { n: 1 } })).toEqual({ n: 1 }),
  },
];
