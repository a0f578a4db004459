import { expect } from 'vitest';
import { echo } from '../world.ts';
import { type Fact } from './fact.ts';
import { rawRequest } from './raw-request.ts';
import { JOBS, SYNC, ASYNC, base64, get, refusal, started, typed } from './windmill-calls.ts';

export const WINDMILL_ARGUMENTS: readonly Fact[] = [
  {
    shows: ['1.3/object', '1.3/non-object'],
    says: 'an object is the arguments, any other JSON is `body`',
    show: async (world) => {
      expect(await echo.windmill(world, { body: { n: 1 } })).toEqual({ n: 1 });
      for (const body of [[1, 2], 'text', 5, null])
        expect(await echo.windmill(world, { body: JSON.stringify(body) })).toEqual({ body });
    },
  },
  {
    shows: ['1.3/nothing', '1.3/empty-json', '1.3/invalid-json'],
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
    shows: ['1.3/leading-space'],
    says: 'white space before an object is nothing here',
    show: async (world) => expect(await echo.windmill(world, { body: ' {"n":1}' })).toEqual({ n: 1 }),
  },
  {
    shows: ['1.3/text'],
    says: 'text and XML are raw_string',
    show: async (world) => {
      for (const type of ['text/plain', 'application/xml', 'text/xml'])
        expect(await echo.windmill(world, typed(type, '<a/>'))).toEqual({ raw_string: '<a/>' });
    },
  },
  {
    shows: ['1.3/form', '1.7/raw-form'],
    says: 'forms: the last of a name; raw_string only when it is asked for',
    show: async (world) => {
      const form = typed('application/x-www-form-urlencoded', 'a=1&a=2');
      expect(await echo.windmill(world, form)).toEqual({ a: '2' });
      expect(await echo.windmill(world, form, 'raw=true')).toEqual({ a: '2', raw_string: 'a=1&a=2' });
    },
  },
  {
    shows: ['1.3/multipart', '1.7/multipart'],
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
    shows: ['1.3/raw', '1.3/wrap_body', '1.3/include_header', '1.3/include_query', '1.7/include_header'],
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
    shows: ['1.3/precedence'],
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
    shows: ['1.3/payload', '1.3/payload-bad', '1.3/get-bare'],
    says: 'payload in base64 by GET; a bad one is 400 here; without it nothing',
    show: async (world) => {
      const byGet = async (query: string) => (await get(world, `${SYNC}?${query}`)).json as unknown;
      expect(await byGet(`payload=${base64({ n: 1 })}`)).toEqual({ n: 1 });
      expect(await byGet('include_query=q&q=asked')).toEqual({ q: 'asked' });
      expect((await get(world, `${SYNC}?payload=%21`)).status).toBe(400);
    },
  },
  {
    shows: ['1.3/job_id'],
    says: 'job_id: a second use starts nothing',
    show: async (world) => {
      const path = `${ASYNC}?job_id=${crypto.randomUUID()}`;
      const [first, again] = [await world.call(path, { body: {} }), await world.call(path, { body: {} })];
      expect([again.text, again.headers.get('idempotency-replayed')]).toEqual([first.text, 'true']);
    },
  },
  {
    shows: ['1.3/scheduled', '1.3/options'],
    says: 'scheduled_in_secs and scheduled_for delay; other options are taken; suspended_mode is 400 here',
    show: async (world) => {
      const later = new Date(Date.now() + 3_600_000).toISOString();
      const options =
        'tag=a&cache_ttl=5&invisible_to_owner=true&parent_job=a&root_job=a&memory_id=a&poll_delay_ms=1&timeout=5';
      for (const when of ['scheduled_in_secs=3600', `scheduled_for=${later}`]) {
        const id = await started(world, `${ASYNC}?${when}&${options}`);
        expect((await get(world, `/status/${id}`)).json).toHaveProperty('not_before');
        await world.call(`/runs/${id}/cancel`);
      }
      expect((await refusal(world, `${ASYNC}?suspended_mode=true`, { body: {} }))[0]).toBe(400);
    },
  },
  {
    shows: ['1.3/queue_limit', '1.1/error-500-queue', '1.6/limits'],
    says: 'queue_limit: 500 `Internal: Number of queued job is too high: N > L`',
    show: async (world) => {
      const holds = await started(world, `${JOBS}/run/p/shop/queue`);
      const waits = await started(world, `${JOBS}/run/p/shop/queue`);
      await world.runsOf('shop/queue'); // what is counted is what the list knows
      expect(await refusal(world, `${SYNC}?queue_limit=0`, { body: {} })).toEqual([
        500,
        expect.stringMatching(/^Internal: Number of queued job is too high: \d+ > 0$/),
      ]);
      expect((await world.call(`${ASYNC}?queue_limit=0`, { body: {} })).status).toBe(201);
      expect((await get(world, `${JOBS}_u/get/${waits}`)).json).toMatchObject({ type: 'QueuedJob', running: false });
      for (const id of [waits, holds]) await world.call(`/runs/${id}/cancel`);
      for (const id of [waits, holds]) await world.ended(id);
    },
  },
  {
    shows: ['1.3/type-prefix'],
    says: 'types are compared by prefix, in any case here',
    show: async (world) => {
      for (const type of ['application/json; charset=utf-8', 'application/json-patch+json', 'Application/JSON'])
        expect([type, await echo.windmill(world, typed(type, '{"n":1}'))]).toEqual([type, { n: 1 }]);
    },
  },
  {
    shows: ['1.3/other-types', '1.7/binary'],
    says: 'any other type is 415',
    show: async (world) => {
      for (const type of ['application/octet-stream', 'application/vnd.api+json'])
        expect([type, (await refusal(world, SYNC, typed(type, '{}')))[0]]).toEqual([type, 415]);
    },
  },
  {
    shows: ['1.3/include_headers'],
    says: 'a header that the configuration names is an argument of every job',
    show: async (world) =>
      expect(await echo.windmill(world, { headers: { 'X-Of-All-Jobs': 'a' }, body: {} })).toEqual({
        x_of_all_jobs: 'a',
      }),
  },
  {
    shows: ['1.3/get-type'],
    says: 'what type a GET says to have does not matter',
    show: async (world) => {
      const headers = { 'content-type': 'application/octet-stream' };
      expect((await get(world, `${SYNC}?payload=${base64({ n: 1 })}`, { headers })).json).toEqual({ n: 1 });
    },
  },
  {
    shows: ['1.3/body-limit'],
    says: 'more than 1 MiB is 413',
    show: async (world) =>
      expect(await refusal(world, ASYNC, { body: JSON.stringify('a'.repeat(1_048_576)) })).toEqual([
        413,
        expect.stringMatching(/^Payload too large: /),
      ]),
  },
];
