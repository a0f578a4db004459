import { expect } from 'vitest';
import { type Feature } from '../feature.ts';
import { echo, type World } from '../world.ts';

const JOBS = '/api/w/demo/jobs';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const FIELDS = { body: 'a=1&b=x+y', headers: FORM };
const BROKEN = { body: '{"n":' };
const LIST = { body: [1, 'two', null] };
const XML = { body: '<order/>', headers: { 'content-type': 'application/xml' } };
const BYTES = { body: 'PK', headers: { 'content-type': 'application/zip' } };
const NAMED = { body: { n: 1 }, headers: { 'x-event': 'push' } };

const aFile = (): { readonly body: FormData } => {
  const body = new FormData();
  body.set('field', 'value');
  body.set('file', new Blob(['hello'], { type: 'text/plain' }), 'hello.txt');
  return { body };
};

const serveStatus = async ({ call }: World, body: string): Promise<number> =>
  (await call('/run/shop/echo', { body })).status;

export const INPUT: readonly Feature[] = [
  {
    name: 'JSON object → named inputs',
    shown: {
      serve: async (world) => expect(await echo.serve(world, { body: { input: { n: 1 } } })).toEqual({ n: 1 }),
      windmill: async (world) => expect(await echo.windmill(world, NAMED)).toEqual({ n: 1 }),
      sink: async (world) => expect(await echo.sink(world, NAMED)).toEqual({ n: 1 }),
      endpoints: async (world) => expect(await echo.endpoints(world, NAMED)).toMatchObject({ n: 1, payload: { n: 1 } }),
      kestra: async (world) => expect(await echo.kestra(world, NAMED)).toMatchObject({ body: { n: 1 } }),
      hooks: async (world) => expect(await echo.hooks(world, NAMED)).toEqual({ n: 1 }),
    },
  },
  {
    name: 'JSON array / scalar kept',
    shown: {
      serve: async (world) => expect(await echo.serve(world, { body: { input: LIST.body } })).toEqual(LIST.body),
      windmill: async (world) => expect(await echo.windmill(world, LIST)).toEqual({ body: LIST.body }),
      sink: async (world) => expect(await echo.sink(world, LIST)).toEqual(LIST.body),
      endpoints: async (world) => expect(await echo.endpoints(world, LIST)).toMatchObject({ payload: LIST.body }),
      kestra: async (world) => {
        expect(await echo.kestra(world, LIST)).toMatchObject({ body: LIST.body });
        expect(await echo.kestra(world, { body: '42' })).toMatchObject({ body: '42' });
      },
      hooks: async (world) => expect(await echo.hooks(world, LIST)).toEqual({ body: LIST.body }),
    },
  },
  {
    name: 'invalid JSON',
    shown: {
      serve: async (world) => expect(await serveStatus(world, BROKEN.body)).toBe(400),
      windmill: async ({ call }) =>
        expect((await call(`${JOBS}/run_wait_result/p/shop/echo`, BROKEN)).status).toBe(400),
      sink: async (world) => expect(await echo.sink(world, BROKEN)).toBe(BROKEN.body),
      endpoints: async (world) => expect(await echo.endpoints(world, BROKEN)).toMatchObject({ raw_body: BROKEN.body }),
      kestra: async (world) => expect(await echo.kestra(world, BROKEN)).toMatchObject({ body: BROKEN.body }),
      hooks: async ({ call }) => expect((await call('/hooks/echo', BROKEN)).status).toBe(400),
    },
  },
  {
    name: 'form-urlencoded',
    shown: {
      serve: async (world) =>
        expect(await echo.serve(world, { body: '{"input":{"n":1}}', headers: FORM })).toEqual({ n: 1 }),
      windmill: async (world) => expect(await echo.windmill(world, FIELDS)).toEqual({ a: '1', b: 'x y' }),
      sink: async (world) => expect(await echo.sink(world, FIELDS)).toEqual({ a: '1', b: 'x y' }),
      endpoints: async (world) => expect(await echo.endpoints(world, FIELDS)).toMatchObject({ a: '1', b: 'x y' }),
      kestra: async (world) => expect(await echo.kestra(world, FIELDS)).toMatchObject({ body: FIELDS.body }),
      hooks: async (world) => expect(await echo.hooks(world, FIELDS)).toEqual({ a: '1', b: 'x y' }),
    },
  },
  {
    name: 'multipart with files',
    shown: {
      serve: async ({ call }) => expect((await call('/run/shop/echo', aFile())).status).toBe(400),
      endpoints: async (world) =>
        expect(await echo.endpoints(world, aFile())).toMatchObject({
          payload: expect.stringContaining('hello') as string,
        }),
      windmill: async (world) => {
        const args = (await echo.windmill(world, aFile())) as { readonly file: readonly [{ readonly s3: string }] };
        const key = encodeURIComponent(args.file[0].s3);
        const { text } = await world.call(`/api/w/demo/job_helpers/download_s3_file?file_key=${key}`, {
          method: 'GET',
        });
        expect([args, text]).toMatchObject([{ field: 'value' }, 'hello']);
      },
      sink: async (world) =>
        expect(await echo.sink(world, aFile())).toMatchObject({
          field: 'value',
          file: { filename: 'hello.txt', size: 5 },
        }),
      kestra: async (world) =>
        expect(await echo.kestra(world, aFile())).toMatchObject({
          formFields: { field: ['value'] },
          parts: [{ filename: 'hello.txt', size: 5 }],
        }),
      hooks: async (world) =>
        expect(await echo.hooks(world, aFile())).toMatchObject({
          field: 'value',
          file: { filename: 'hello.txt', size: 5 },
        }),
    },
  },
  {
    name: 'text / XML',
    shown: {
      serve: async ({ call }) => expect((await call('/run/shop/echo', XML)).status).toBe(400),
      windmill: async (world) => expect(await echo.windmill(world, XML)).toEqual({ raw_string: XML.body }),
      sink: async (world) => expect(await echo.sink(world, XML)).toBe(XML.body),
      endpoints: async (world) => expect(await echo.endpoints(world, XML)).toMatchObject({ payload: XML.body }),
      kestra: async (world) => expect(await echo.kestra(world, XML)).toMatchObject({ body: XML.body }),
      hooks: async (world) => expect(await echo.hooks(world, XML)).toEqual({ body: XML.body }),
    },
  },
  {
    name: 'unknown type',
    shown: {
      serve: async (world) => {
        expect((await world.call('/run/shop/echo', BYTES)).status).toBe(400);
        expect(await echo.serve(world, { ...BYTES, body: '{"input":{"n":1}}' })).toEqual({ n: 1 });
      },
      windmill: async ({ call }) => expect((await call(`${JOBS}/run/p/shop/echo`, BYTES)).status).toBe(415),
      sink: async (world) => expect(await echo.sink(world, BYTES)).toBe('PK'),
      endpoints: async (world) => expect(await echo.endpoints(world, BYTES)).toMatchObject({ payload: 'PK' }),
      kestra: async (world) => expect(await echo.kestra(world, BYTES)).toMatchObject({ body: 'PK' }),
      hooks: async (world) => expect(await echo.hooks(world, BYTES)).toHaveProperty('body'),
    },
  },
  {
    name: 'raw body available',
    shown: {
      sink: async (world) => expect(await echo.sink(world, { body: '<a>  </a>' })).toBe('<a>  </a>'),
      kestra: async (world) =>
        expect(await echo.kestra(world, { body: '<a>  </a>' })).toMatchObject({ body: '<a>  </a>' }),
      windmill: async (world) =>
        expect(await echo.windmill(world, { body: '{ "n": 1 }' }, 'raw=true')).toEqual({
          n: 1,
          raw_string: '{ "n": 1 }',
        }),
      endpoints: async (world) =>
        expect(await echo.endpoints(world, { body: '{ "n": 1 }' })).toMatchObject({ raw_body: '{ "n": 1 }' }),
    },
  },
  {
    name: 'headers → input',
    shown: {
      windmill: async (world) =>
        expect(await echo.windmill(world, NAMED, 'include_header=X-Event')).toEqual({ n: 1, x_event: 'push' }),
      endpoints: async (world) =>
        expect(await echo.endpoints(world, NAMED)).toMatchObject({ headers: { 'x-event': 'push' } }),
      kestra: async (world) =>
        expect(await echo.kestra(world, NAMED)).toMatchObject({ headers: { 'x-event': ['push'] } }),
      hooks: async ({ call }) => {
        const request = { ...NAMED, body: { user: { name: 'Ada' } } };
        expect((await call('/hooks/mapped?wait=20', request)).json.output).toEqual({ who: 'Ada', event: 'push' });
      },
    },
  },
  {
    name: 'query → input',
    shown: {
      windmill: async (world) =>
        expect(await echo.windmill(world, NAMED, 'include_query=a&a=b')).toEqual({ n: 1, a: 'b' }),
      sink: async (world) => expect(await echo.sink(world, NAMED, 'a=b')).toEqual({ n: 1, a: 'b' }),
      endpoints: async (world) => expect(await echo.endpoints(world, NAMED, 'a=b')).toMatchObject({ n: 1, a: 'b' }),
      kestra: async (world) =>
        expect(await echo.kestra(world, NAMED, 'a=b&a=c')).toMatchObject({ parameters: { a: ['b', 'c'] } }),
      hooks: async (world) => expect(await echo.hooks(world, { method: 'GET' }, '&a=b')).toMatchObject({ a: 'b' }),
    },
  },
];
