import { eventually } from '@millrace/testkit';
import { expect } from 'vitest';
import { KEYS } from '../workflows.ts';
import { type Request, type World } from '../world.ts';
import { type Fact } from './fact.ts';
import { rawRequest } from './raw-request.ts';
import { ENDPOINT_ID } from './workflows.ts';

const ENDPOINTS = '/api/endpoints';

const endpoint = (world: World, name: string, request: Request = {}) =>
  world.call(`${ENDPOINTS}/${name}`, { body: {}, ...request });

const refusal = async (world: World, name: string, request: Request = {}) => {
  const { status, json } = await endpoint(world, name, request);
  return [status, (json as { readonly detail?: unknown }).detail];
};

/** What `shop/echo` was given. */
const parameters = async (world: World, request: Request, query = ''): Promise<unknown> =>
  (await world.call(`${ENDPOINTS}/echo?${query}`, request)).json as unknown;

const ROUTES: readonly Fact[] = [
  {
    shows: ['3.1/id', '3.1/twins'],
    says: 'by name, by path, by UUID; a name of two workflows is 409 with detail',
    show: async (world) => {
      for (const name of ['identified', 'shop/identified', ENDPOINT_ID])
        expect([name, (await endpoint(world, name)).status]).toEqual([name, 200]);
      expect(await refusal(world, 'twins')).toEqual([409, expect.stringContaining('twins')]);
    },
  },
  {
    shows: ['3.1/order-1', '3.1/order-3'],
    says: 'no key is 401 here (422 there), and so is a wrong one, for unknown workflows too',
    show: async (world) => {
      const denied = [401, 'Invalid or expired API key'];
      expect(await refusal(world, 'echo', { token: null })).toEqual(denied);
      const wrong = { token: null, headers: { 'x-bifrost-key': 'wrong' } };
      expect(await refusal(world, 'echo', wrong)).toEqual(denied);
      expect(await refusal(world, 'unknown', wrong)).toEqual(denied);
    },
  },
  {
    shows: ['3.1/order-2'],
    says: 'a bad workflow id is a name that nothing has: 404 here, as names are addresses',
    show: async (world) => {
      const id = '5d0c7a52-not-a-uuid';
      expect(await refusal(world, id)).toEqual([404, `Endpoint workflow '${id}' not found or not enabled`]);
    },
  },
  {
    shows: ['3.1/order-4'],
    says: '404 for what is unknown or not enabled',
    show: async (world) => {
      for (const name of ['unknown', 'off'])
        expect(await refusal(world, name)).toEqual([404, `Endpoint workflow '${name}' not found or not enabled`]);
    },
  },
  {
    shows: ['3.1/order-5', '3.1/other-methods'],
    says: '405 says what is allowed, here in Allow as well; HEAD runs nothing',
    show: async (world) => {
      const { status, headers, json } = await endpoint(world, 'identified', { method: 'GET', body: undefined });
      expect([status, headers.get('allow'), json]).toEqual([
        405,
        'POST',
        { detail: 'Method GET not allowed. Allowed: POST' },
      ]);
      const bearer = { authorization: `Bearer ${world.platform.token}` };
      const asked = await rawRequest(world.platform.url, `${ENDPOINTS}/echo`, { method: 'HEAD', headers: bearer });
      expect(asked.status).toBe(405);
    },
  },
];

const ACCESS: readonly Fact[] = [
  {
    shows: ['3.2/header'],
    says: 'the key in X-Bifrost-Key or as Bearer; where both are there, the first counts',
    show: async (world) => {
      const { token } = world.platform;
      const statusWith = async (headers: Readonly<Record<string, string>>) =>
        (await endpoint(world, 'echo', { token: null, headers })).status;
      expect(await statusWith({ 'x-bifrost-key': token })).toBe(200);
      expect(await statusWith({ authorization: `Bearer ${token}` })).toBe(200);
      expect(await statusWith({ 'x-bifrost-key': token, authorization: 'Bearer of-a-proxy' })).toBe(200);
    },
  },
  {
    shows: ['3.2/public'],
    says: 'public_endpoint and disable_global_key do what they say',
    show: async (world) => {
      expect((await endpoint(world, 'free', { token: null })).status).toBe(200);
      expect((await endpoint(world, 'guarded')).status).toBe(401);
      expect((await endpoint(world, 'guarded', { token: null, headers: { 'x-bifrost-key': KEYS.only } })).status).toBe(
        200,
      );
    },
  },
];

const INPUT: readonly Fact[] = [
  {
    shows: ['3.3/query'],
    says: 'query parameters, the last of a name; members of an object win, whatever the content type',
    show: async (world) =>
      expect(
        await parameters(world, { body: '{"a":"body"}', headers: { 'content-type': 'text/plain' } }, 'a=query&b=1&b=2'),
      ).toMatchObject({ a: 'body', b: '2' }),
  },
  {
    shows: ['3.3/binding'],
    says: 'texts become what the schema says, names beyond it are dropped, what is missing or wrong is 422 here',
    show: async (world) => {
      const typed = async (query: string) =>
        (await world.call(`${ENDPOINTS}/typed?${query}`, { body: undefined })).json as unknown;
      expect(await typed('n=5&on=yes&surplus=x')).toEqual({ n: 5, on: true });
      expect((await endpoint(world, 'typed', { body: { n: 'none' } })).status).toBe(422);
    },
  },
  {
    shows: ['3.3/injection', '3.3/other-bodies'],
    says: 'payload, body, headers, query and raw_body are there; lists, forms and texts are not lost',
    show: async (world) => {
      const form = { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'text=94070&user=x' };
      expect(await parameters(world, form)).toMatchObject({ text: '94070', payload: { text: '94070', user: 'x' } });
      expect(await parameters(world, { body: [1, 2] }, 'q=1')).toMatchObject({
        payload: [1, 2],
        body: [1, 2],
        query: { q: '1' },
        raw_body: '[1,2]',
        headers: { 'content-type': 'application/json' },
      });
    },
  },
];

const ANSWERS: readonly Fact[] = [
  {
    shows: ['3.1/order-6', '3.4/tuple'],
    says: 'the body is what was returned, a pair has its status; the id is in x-execution-id',
    show: async (world) => {
      const { status, json } = await endpoint(world, 'tuple');
      expect([status, json]).toEqual([201, { created: true }]);
      expect((await endpoint(world, 'tuple')).headers.get('x-execution-id')).not.toBeNull();
    },
  },
  {
    shows: ['3.4/pending', '3.4/envelope'],
    says: 'async: 200 with the envelope of six keys, Pending',
    show: async (world) => {
      const { status, json } = await endpoint(world, 'later');
      expect([status, json]).toEqual([
        200,
        {
          execution_id: expect.any(String) as string,
          status: 'Pending',
          message: 'Workflow queued for async execution',
          result: null,
          error: null,
          duration_ms: null,
        },
      ]);
    },
  },
  {
    shows: ['3.4/http-200', '3.4/timeout'],
    says: 'a failure is 500 and a time-out 504 here, each with its text',
    show: async (world) => {
      expect(await refusal(world, 'fail')).toEqual([500, expect.stringContaining('no such order')]);
      expect(await refusal(world, 'brief')).toEqual([504, 'Workflow execution timed out after 1 seconds']);
    },
  },
  {
    shows: ['3.4/polling', '3.4/execution', '3.4/statuses'],
    says: 'polling takes the key of the endpoint: the execution, its result, its logs; cancel; CompletedWithErrors',
    show: async (world) => {
      const token = await world.token('run:shop/partly');
      const { headers } = await endpoint(world, 'partly', { token });
      const id = headers.get('x-execution-id') ?? '';
      const read = async (end = '') =>
        (await world.call(`/api/executions/${id}${end}`, { method: 'GET', token })).json as unknown;
      const execution = { execution_id: id, status: 'CompletedWithErrors', result: { success: false, done: 1 } };
      await eventually(async () => expect(await read()).toMatchObject(execution));
      expect(await read('/result')).toMatchObject({ ...execution, result_type: 'json' });
      expect((await world.call(`/api/executions/${id}/logs`, { method: 'GET', token })).status).toBe(200);
      expect((await world.call(`/api/executions/${id}/cancel`, { token, body: {} })).status).toBeLessThan(500);
    },
  },
];

export const ENDPOINT_FACTS: readonly Fact[] = [
  ...ROUTES,
  ...ACCESS,
  ...INPUT,
  ...ANSWERS,
  {
    shows: ['3.5/none'],
    says: 'CloudEvents: their data is the payload',
    show: async (world) => {
      const headers = { 'content-type': 'application/cloudevents+json' };
      const body = { specversion: '1.0', id: '1', source: '/facts', type: 'made', data: { n: 1 } };
      expect(await parameters(world, { headers, body })).toMatchObject({ n: 1, payload: { n: 1 } });
    },
  },
  {
    shows: ['3.7/promises'],
    says: 'what is promised works: names, Bearer keys, pairs, raw bodies',
    show: async (world) => {
      const { token } = world.platform;
      const { json } = await endpoint(world, 'echo', {
        body: ' {"n":1}',
        headers: { authorization: `Bearer ${token}` },
      });
      expect(json).toMatchObject({ n: 1, raw_body: ' {"n":1}' });
    },
  },
];
