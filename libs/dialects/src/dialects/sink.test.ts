import { AppError } from '@millrace/kernel';
import { describe, expect, test } from 'vitest';
import { inbound, type WrittenRequest } from '../../testing/inbound.ts';
import { makeDialect } from '../make-dialect.ts';
import { type StartRoute } from '../dialect.ts';
import { chooseReply, modeOf, type Reply } from './sink/choose-reply.ts';
import { readPayload } from './sink/read-payload.ts';
import { dialect as module } from './sink.ts';

const sink = makeDialect(module);

describe('002, 2.3: what becomes the payload', () => {
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const files = [{ name: 'f', filename: 'a.txt', contentType: 'text/plain', size: 3, object: 'requests/1' }];
  const file = {
    path: 'requests/1',
    store_ref: 'requests/1',
    cache_store_ref: null,
    filename: 'a.txt',
    content_type: 'text/plain',
    size: 3,
  };

  test.each<[string, WrittenRequest, unknown]>([
    ['a JSON object', { body: '{"a":1}' }, { a: 1 }],
    ['a JSON array', { body: '[1,2]' }, [1, 2]],
    ['a JSON scalar', { body: '42' }, 42],
    ['null', { body: 'null' }, null],
    ['JSON whatever the content type says', { body: '{"a":1}', headers: { 'Content-Type': 'text/plain' } }, { a: 1 }],
    ['JSON that says it is a form, as curl does', { body: '{"a":1}', headers: form }, { a: 1 }],
    ['what is no JSON: a string', { body: 'hello' }, 'hello'],
    ['invalid JSON: a string', { body: '{"a":' }, '{"a":'],
    ['XML: a string', { body: '<a/>', headers: { 'Content-Type': 'text/xml' } }, '<a/>'],
    ['nothing', {}, null],
    ['query alone', { url: '/?a=1&b=2' }, { a: '1', b: '2' }],
    ['query merged, body keys win', { url: '/?a=1&b=2', body: '{"a":true}' }, { a: true, b: '2' }],
    ['repeated keys of the query: lists', { url: '/?a=1&a=2&b[]=3' }, { a: ['1', '2'], b: ['3'] }],
    ['no JSON with a query: under _body', { url: '/?a=1', body: 'hello' }, { a: '1', _body: 'hello' }],
    ['an array with a query: under _body', { url: '/?a=1', body: '[1]' }, { a: '1', _body: [1] }],
    ['a form: an object, repeated keys lists', { body: 'a=1&b=x+y&a=2', headers: form }, { a: ['1', '2'], b: 'x y' }],
    ['multipart: fields and files', { multipart: { fields: [{ name: 'a', value: '1' }], files } }, { a: '1', f: file }],
    ['headers and method: dropped', { method: 'PUT', body: '{}', headers: { 'X-A': '1' } }, {}],
    ['a query called __proto__: no prototype', { url: '/?__proto__=x', body: '{}' }, {}],
  ])('%s', (_name, request, payload) => {
    expect(readPayload(inbound(request))).toEqual(payload);
  });

  test('a body that nests too deep is refused', () => {
    expect(() => readPayload(inbound({ body: '['.repeat(65) + ']'.repeat(65) }))).toThrow(AppError);
  });
});

describe('002, 2.4: Accept chooses the reply', () => {
  test.each<[string | undefined, Reply, Reply]>([
    [undefined, 'frames', 'frames'],
    ['*/*', 'frames', 'frames'],
    ['*/*', 'json', 'json'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'frames', 'frames'],
    ['text/event-stream', 'frames', 'frames'],
    ['text/event-stream', 'json', 'frames'],
    ['text/event-stream', 'events', 'events'],
    ['text/event-stream; events=named', 'frames', 'events'],
    ['application/json', 'frames', 'json'],
    ['application/json, text/plain, */*', 'frames', 'json'],
    ['application/json;q=0.5, text/event-stream', 'json', 'frames'],
    ['application/json, text/event-stream;q=0.9', 'frames', 'json'],
    ['application/json, text/event-stream', 'frames', 'frames'],
  ])('%j with the default %s: %s', (accept, byDefault, reply) => {
    const request = inbound(accept === undefined ? {} : { headers: { Accept: accept } });
    expect(chooseReply(request, byDefault)).toBe(reply);
  });

  test('a trigger that answers at once does so whatever is accepted', () => {
    expect([modeOf('async', 'frames'), modeOf('stream', 'json'), modeOf('sync', 'events')]).toEqual([
      'async',
      'sync',
      'stream',
    ]);
  });
});

describe('002: how a sink is declared', () => {
  const { translate, address, complaints, defaults, placeOf } = sink.declares ?? {};

  test.each([
    [
      'for anyone',
      { path: '/github-webhook', method: 'POST', auth_token: null },
      { path: '/github-webhook', methods: ['POST'], auth: 'public' },
    ],
    [
      'with a key',
      { path: '/api/v1/process', method: 'post', auth_token: 'secret-api-key' },
      { path: '/api/v1/process', methods: ['POST'], auth: 'workflow_key', key: 'secret-api-key' },
    ],
    ['nothing said', { path: '/a' }, { path: '/a' }],
    ['our own words count', { auth_token: null, auth: 'token' }, { auth: 'token' }],
  ])('%s', (_name, written, ours) => {
    expect(translate?.(written, 'shop/pay')).toEqual(ours);
  });

  test('a path begins with a slash', () => {
    const { pattern = '' } = (address?.properties['path'] ?? {}) as { pattern?: string };
    const isPath = new RegExp(pattern);
    expect(['/webhook', '/a/b', 'webhook', '/', ''].map((path) => isPath.test(path))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  test('nobody is public without saying so, and keys stand in no address', () => {
    expect(defaults?.auth).toBe('token');
    expect(complaints?.({ auth: 'path_key' } as never)).toHaveLength(1);
    expect(placeOf?.({ app_id: 'a', path: '/b' }, 'w')).toBe('a/b');
  });
});

describe('002, 2.1: bodies of errors', () => {
  test.each<[AppError, number, unknown]>([
    [
      new AppError('not_found', 'workflow.not_found', 'x'),
      404,
      { triggered: false, run_id: null, message: 'Route not found' },
    ],
    [
      new AppError('unauthenticated', 'auth.unauthorized', 'x'),
      401,
      { triggered: false, run_id: null, message: 'Invalid or missing auth token' },
    ],
    [
      new AppError('unavailable', 'log.unknown_outcome', 'no answer'),
      500,
      { triggered: false, run_id: null, message: 'Dispatch failed: no answer' },
    ],
    [
      new AppError('too_large', 'http.body_too_large', 'x'),
      400,
      { error: { code: 'BAD_REQUEST', message: 'Failed to read request body' } },
    ],
    [
      new AppError('invalid', 'body.too_deep', 'too deep'),
      400,
      { error: { code: 'BAD_REQUEST', message: 'too deep' } },
    ],
    [
      new AppError('bug', 'gateway.bug', 'secret'),
      500,
      { error: { code: 'INTERNAL_ERROR', id: 'trace', message: 'Internal Server Error' } },
    ],
    [
      new AppError('over_limit', 'trigger.over_rate', 'slow'),
      429,
      { error: { code: 'TOO_MANY_REQUESTS', message: 'slow' } },
    ],
    [new AppError('forbidden', 'http.cross_site', 'no'), 403, { error: { code: 'FORBIDDEN', message: 'no' } }],
  ])('%s is %s', (error, status, body) => {
    const answer = sink.renderError(error, 'trace');
    expect([answer.status, JSON.parse(String(answer.body))]).toEqual([status, body]);
  });

  test('an error of ours names its trace', () => {
    expect(sink.renderError(new AppError('bug', 'x.y', 'z'), 'trace').headers).toMatchObject({ 'x-error-id': 'trace' });
  });
});

test('the second listener is off unless configured; true is 9657, as the desktop application has it', () => {
  expect(sink.listeners).toBeUndefined();
  expect(makeDialect(module, { listen: true }).listeners).toEqual([{ name: 'sink', port: 9657 }]);
  expect(makeDialect(module, { listen: 8000 }).listeners).toEqual([{ name: 'sink', port: 8000 }]);
  expect(() => makeDialect(module, { listen: 70_000 })).toThrow('[dialects.sink] listen');
});

test('no route starts anything by HEAD', () => {
  const starts = sink.routes.filter((route): route is StartRoute => route.does === 'start');
  expect(starts).toHaveLength(3);
  expect(starts.flatMap(({ methods }) => methods)).not.toContain('HEAD');
});
