import { expect } from 'vitest';
import { echo } from '../world.ts';
import { type Fact } from './fact.ts';
import { rawRequest } from './raw-request.ts';
import { JOBS, SYNC, ASYNC, base64, get, refusal, started, typed } from './windmill-calls.ts';

export const WINDMILL_ARGUMENTS: readonly Fact[] = [
  {
    section: '1.3',
    says: 'an object is the arguments, any other JSON is `body`',
    show: async (world) => {
      expect(await echo.windmill(world, { body: { n: 1 } })).toEqual({ n: 1 });
      for (const body of [[1, 2], 'text', 5, null])
        expect(await echo.windmill(world, { body: JSON.stringify(body) })).toEqual({ body });
    },
  },
  {
    section: '1.3',
    says: 'no body is no arguments; as JSON it is 400, and so is what is none',
    show: async (world) => {
      const { text } = await rawRequest(world.platform.url, SYNC, {
        headers: { authorization: `Bearer ${world.platform.token}` },
      });
      expect(text).toBe('{}');
      for (const body of ['', '{"n":'])
        expect((await world.call(SYNC, typed('application/json', body))).status).toBe(400);
    },
  },
  {
    section: '1.3',
    says: 'white space before an object is nothing here',
    show: async (world) => expect(await echo.windmill(world, { body: ' {"n":1}' })).toEqual({ n: 1 }),
  },
  {
    section: '1.3',
    says: 'text and XML are raw_string',
    show: async (world) => {
      for (const type of ['text/plain', 'application/xml', 'text/xml'])
        expect(await echo.windmill(world, typed(type, '<a/>'))).toEqual({ raw_string: '<a/>' });
    },
  },
  {
    section: '1.3',
    says: 'forms: the last of a name; raw_string only when it is asked for',
    show: async (world) => {
      const form = typed('application/x-www-form-urlencoded', 'a=1&a=2');
      expect(await echo.windmill(world, form)).toEqual({ a: '2' });
      expect(await echo.windmill(world, form, 'raw=true')).toEqual({ a: '2', raw_string: 'a=1&a=2' });
    },
  },
  {
    section: '1.3',
    says: 'multipart: files as a list of {s3}, other parts as texts',
    show: async (world) => {
      const body = new FormData();
      body.set('field', 'value');
      body.set('file', new Blob(['hello'], { type: 'text/plain' }), 'hello.txt');
      const file = [{ s3: expect.any(String) as string }];
      expect(await echo.windmill(world, { body })).toEqual({ field: 'value', file });
    },
  },
  {
    section: '1.3',
    says: 'raw, wrap_body, include_header in lower case with _, include_query',
    show: async (world) => {
      const body = '{ "n": 1 }';
      expect(await echo.windmill(world, { body }, 'raw=true')).toEqual({ n: 1, raw_string: body });
      expect(await echo.windmill(world, { body }, 'wrap_body=true')).toEqual({ body: { n: 1 } });
      const headers = { 'X-Sign': 'signed' };
      expect(await echo.windmill(world, { headers, body }, 'include_header=X-Sign')).toEqual({
        n: 1,
        x_sign: 'signed',
      });
      expect(await echo.windmill(world, { body }, 'include_query=q&q=asked')).toEqual({ n: 1, q: 'asked' });
    },
  },
  {
    section: '1.3',
    says: 'headers, query and raw_string count more than members of the body',
    show: async (world) => {
      const body = { x_sign: 'body', q: 'body', raw_string: 'body' };
      const query = 'include_header=X-Sign&include_query=q&q=query&raw=true';
      expect(await echo.windmill(world, { headers: { 'X-Sign': 'header' }, body }, query)).toEqual({
        x_sign: 'header',
        q: 'query',
        raw_string: JSON.stringify(body),
      });
    },
  },
  {
    section: '1.3',
    says: 'payload in base64 by GET; a bad one is 400 here; without it nothing',
    show: async (world) => {
      const byGet = async (query: string) => (await get(world, `${SYNC}?${query}`)).json as unknown;
      expect(await byGet(`payload=${base64({ n: 1 })}`)).toEqual({ n: 1 });
      expect(await byGet('include_query=q&q=asked')).toEqual({ q: 'asked' });
      expect((await get(world, `${SYNC}?payload=%21`)).status).toBe(400);
    },
  },
  {
    section: '1.3',
    says: 'job_id: a second use starts nothing',
    show: async (world) => {
      const path = `${ASYNC}?job_id=${crypto.randomUUID()}`;
      const [first, again] = [await world.call(path, { body: {} }), await world.call(path, { body: {} })];
      expect([again.text, again.headers.get('idempotency-replayed')]).toEqual([first.text, 'true']);
    },
  },
  {
    section: '1.3',
    says: 'scheduled_in_secs delays; other options are taken',
    show: async (world) => {
      const id = await started(world, `${ASYNC}?scheduled_in_secs=3600&tag=a&cache_ttl=5&invisible_to_owner=true`);
      const { json } = await get(world, `/status/${id}`);
      expect(json).toHaveProperty('not_before');
      await world.call(`/runs/${id}/cancel`);
    },
  },
  {
    section: '1.3',
    says: 'queue_limit: 500 `Internal: Number of queued job is too high: N > L`',
    show: async (world) => {
      const holds = await started(world, `${JOBS}/run/p/shop/queue`);
      const waits = await started(world, `${JOBS}/run/p/shop/queue`);
      await world.runsOf('shop/queue'); // what is counted is what the list knows
      expect(await refusal(world, `${SYNC}?queue_limit=0`, { body: {} })).toEqual([
        500,
        expect.stringMatching(/^Internal: Number of queued job is too high: \d+ > 0$/),
      ]);
      for (const id of [waits, holds]) await world.call(`/runs/${id}/cancel`);
      for (const id of [waits, holds]) await world.ended(id);
    },
  },
];
