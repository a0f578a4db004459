import { expect } from 'vitest';
import { type Fact } from './fact.ts';
import { rawRequest } from './raw-request.ts';
import { SINK, JSON_BACK, TEN_MIB, call, desktop, refusal } from './sink-calls.ts';
import { unrecorded } from './unrecorded.ts';
import { SINK_TOKEN } from './workflows.ts';

export const SINK_ROUTES: readonly Fact[] = [
  {
    shows: ['2.1/prefix'],
    says: 'with and without /api/v1',
    show: async (world) => {
      for (const prefix of ['', '/api/v1'])
        expect((await call(world, `${prefix}${SINK}/open`, { body: { n: 1 } })).json).toEqual({ n: 1 });
    },
  },
  {
    shows: ['2.1/methods', '2.1/head'],
    says: 'GET, POST, PUT, PATCH and DELETE start; HEAD does not',
    show: async (world) => {
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])
        expect([method, (await call(world, `${SINK}/open`, { method })).status]).toEqual([method, 200]);
      expect((await rawRequest(world.platform.url, `${SINK}/open`, { method: 'HEAD' })).status).toBe(405);
    },
  },
  {
    shows: ['2.1/lookup', '2.1/any-method'],
    says: 'the method chooses between sinks with one path; 405 with Allow for a method of none',
    show: async (world) => {
      expect((await call(world, `${SINK}/same`, { body: { n: 1 } })).json).toBe('posted');
      expect((await call(world, `${SINK}/same?n=1`, { method: 'GET' })).json).toEqual({ n: '1' });
      const { status, headers } = await call(world, `${SINK}/same`, { method: 'DELETE' });
      expect([status, headers.get('allow')]).toEqual([405, 'GET, POST']);
    },
  },
  {
    shows: ['2.1/404', '2.1/401', '2.1/order'],
    says: '404 and 401 with triggered, run_id and message; 404 comes first',
    show: async (world) => {
      const notFound = [404, { triggered: false, run_id: null, message: 'Route not found' }];
      expect(await refusal(world, `${SINK}/nowhere`, { headers: { authorization: 'Bearer wrong' } })).toEqual(notFound);
      expect(await refusal(world, `${SINK}/off`)).toEqual(notFound);
      const denied = [401, { triggered: false, run_id: null, message: 'Invalid or missing auth token' }];
      expect(await refusal(world, `${SINK}/keyed`)).toEqual(denied);
    },
  },
  {
    shows: ['2.1/400', '2.3/limit'],
    says: 'more than 10 MiB is 400, not 413',
    show: async (world) =>
      expect(await refusal(world, `${SINK}/open`, { body: 'a'.repeat(TEN_MIB + 1) })).toEqual([
        400,
        { error: { code: 'BAD_REQUEST', message: 'Failed to read request body' } },
      ]),
  },
  {
    shows: ['2.1/order'],
    says: '401 comes before the body is read',
    show: async (world) =>
      expect((await refusal(world, `${SINK}/keyed`, { body: 'a'.repeat(TEN_MIB + 1) }))[0]).toBe(401),
  },
  {
    shows: ['2.1/500-dispatch', '2.1/500', '2.1/desktop-503', '2.1/desktop-500'],
    says: '500 `Dispatch failed`, on the second port 503 `Event manager busy, retry`, where nothing can be recorded',
    show: async (world) => {
      const { sink, second } = await unrecorded(world);
      const message = expect.stringMatching(/^Dispatch failed: /) as string;
      expect([sink.status, sink.json]).toEqual([500, { triggered: false, run_id: null, message }]);
      expect(Number(sink.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(second).toEqual([503, 'Event manager busy, retry']);
    },
  },
  {
    shows: ['2.1/cors', '2.1/options'],
    says: 'CORS for any page, where the sink says cross_site',
    show: async (world) => {
      const headers = { origin: 'https://shop.example', 'access-control-request-method': 'POST' };
      const asked = await call(world, `${SINK}/pages`, { method: 'OPTIONS', headers });
      expect(asked.headers.get('access-control-allow-origin')).toBe('*');
      const { origin } = headers;
      const answered = await call(world, `${SINK}/pages`, { body: {}, headers: { origin } });
      expect([answered.status, answered.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
    },
  },
  {
    shows: ['2.1/desktop-health', '2.1/desktop-404', '2.1/desktop-401', '2.1/desktop-400'],
    says: 'second port: plain texts; /health is OK',
    show: async (world) => {
      expect(await desktop(world, '/health')).toEqual([200, 'OK']);
      expect(await desktop(world, '/facts/nowhere')).toEqual([404, 'Route not found']);
      expect(await desktop(world, '/facts/keyed')).toEqual([401, 'Invalid auth token']);
      const large = { method: 'POST', body: 'a'.repeat(TEN_MIB + 1) };
      expect(await desktop(world, '/facts/open', large)).toEqual([400, 'Failed to read request body']);
    },
  },
  {
    shows: ['2.1/desktop-wait', '2.1/desktop-address'],
    says: 'second port: the result as JSON, or the text `Event triggered`; broken JSON is a text here',
    show: async (world) => {
      const post = (path: string, body: string) => desktop(world, path, { method: 'POST', headers: JSON_BACK, body });
      expect(await post('/facts/open', '{"n":1}')).toEqual([200, '{"n":1}']);
      expect(await post('/facts/silent', '{}')).toEqual([200, 'Event triggered']);
      expect(await post('/facts/open', '{"n":')).toEqual([200, JSON.stringify('{"n":')]);
    },
  },
];

export const SINK_ACCESS: readonly Fact[] = [
  {
    shows: ['2.2/bare', '2.2/newer', '2.2/pat'],
    says: 'the token bare, behind one Bearer or several, or in x-flow-like-authorization; no other',
    show: async (world) => {
      const statusWith = async (headers: Readonly<Record<string, string>>) =>
        (await call(world, `${SINK}/keyed`, { body: {}, headers })).status;
      for (const text of [SINK_TOKEN, `Bearer ${SINK_TOKEN}`, `Bearer Bearer ${SINK_TOKEN}`, `bearer ${SINK_TOKEN}`]) {
        expect([text, await statusWith({ authorization: text })]).toEqual([text, 200]);
        expect([text, await statusWith({ 'x-flow-like-authorization': text })]).toEqual([text, 200]);
      }
      expect(await statusWith({ authorization: `Bearer ${world.platform.token}` })).toBe(401);
      expect(await statusWith({ authorization: 'pat_1.key.secret' })).toBe(401);
    },
  },
  {
    shows: ['2.2/desktop'],
    says: 'second port: the token with Bearer, and without',
    show: async (world) => {
      for (const authorization of [SINK_TOKEN, `Bearer ${SINK_TOKEN}`]) {
        const init = { method: 'POST', headers: { ...JSON_BACK, authorization }, body: '{"n":1}' };
        expect(await desktop(world, '/facts/keyed', init)).toEqual([200, '{"n":1}']);
      }
    },
  },
  {
    shows: ['2.2/optional', '2.2/row-token'],
    says: 'auth_token null is public',
    show: async (world) => expect((await call(world, `${SINK}/open`, { body: {} })).status).toBe(200),
  },
];
