import { describe, expect, test } from 'vitest';
import { anInboundRequest, type RequestParts } from '../../../testing/windmill-request.ts';
import { argumentsOf, bound, complaintOf, startAt } from '../../../testing/windmill.ts';

const json = { 'content-type': 'application/json' };
const type = (text: string) => ({ 'content-type': text });
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');

describe('1.3 request mapping', () => {
  test.each<[string, RequestParts, unknown]>([
    ['no type, no body', {}, {}],
    ['no type, an object', { body: '{"a":1}' }, { a: 1 }],
    ['JSON, an object', { headers: json, body: '{"a":1}' }, { a: 1 }],
    ['JSON with a charset', { headers: type('application/json; charset=utf-8'), body: '{"a":1}' }, { a: 1 }],
    ['JSON, an array', { headers: json, body: '[1,2,3]' }, { body: [1, 2, 3] }],
    ['JSON, a text', { headers: json, body: '"a"' }, { body: 'a' }],
    ['JSON, a number', { headers: json, body: '3' }, { body: 3 }],
    ['JSON, null', { headers: json, body: 'null' }, { body: null }],
    ['white space before an object', { headers: json, body: ' \n{"a":1}' }, { a: 1 }],
    ['plain text', { headers: type('text/plain'), body: 'hello' }, { raw_string: 'hello' }],
    ['XML', { headers: type('application/xml'), body: '<a/>' }, { raw_string: '<a/>' }],
    ['XML as text', { headers: type('text/xml; charset=utf-8'), body: '<a/>' }, { raw_string: '<a/>' }],
    [
      'a form, the last of two',
      { headers: type('application/x-www-form-urlencoded'), body: 'a=1&b=x+y&a=2' },
      { a: '2', b: 'x y' },
    ],
    [
      'a form, raw',
      { headers: type('application/x-www-form-urlencoded'), body: 'a=1', search: 'raw=true' },
      { a: '1', raw_string: 'a=1' },
    ],
    [
      'multipart',
      {
        headers: type('multipart/form-data; boundary=x'),
        multipart: {
          fields: [{ name: 'a', value: '1' }],
          files: [{ name: 'f', filename: 'f.txt', contentType: 'text/plain', size: 1, object: 'requests/a/b/1' }],
        },
      },
      { a: '1', f: [{ s3: 'requests/a/b/1' }] },
    ],
    ['raw=true', { headers: json, body: '{"a": 1}', search: 'raw=true' }, { a: 1, raw_string: '{"a": 1}' }],
    ['wrap_body=true', { headers: json, body: '{"a":1}', search: 'wrap_body=true' }, { body: { a: 1 } }],
    [
      'wrap_body=true and text',
      { headers: type('text/plain'), body: 'x', search: 'wrap_body=true' },
      { body: 'x', raw_string: 'x' },
    ],
    ['wrap_body=false', { headers: json, body: '{"a":1}', search: 'wrap_body=false' }, { a: 1 }],
    [
      'include_header',
      { headers: { 'x-sign': 's', foo: 'f' }, search: 'include_header=X-Sign,foo,absent' },
      { x_sign: 's', foo: 'f' },
    ],
    ['include_query', { search: 'include_query=a,b,c&a=foo&b=bar&c=foobar' }, { a: 'foo', b: 'bar', c: 'foobar' }],
    [
      'header, query and raw over the body',
      {
        headers: { ...json, 'x-a': 'h' },
        body: '{"x_a":1,"b":2,"raw_string":3,"d":4}',
        search: 'include_header=x-a&include_query=b&b=q&raw=true',
      },
      { x_a: 'h', b: 'q', raw_string: '{"x_a":1,"b":2,"raw_string":3,"d":4}', d: 4 },
    ],
    ['payload of a GET', { method: 'GET', search: `payload=${encodeURIComponent(base64({ a: 2 }))}` }, { a: 2 }],
    ['payload, not encoded', { method: 'GET', search: `payload=${base64({ a: '>>>???' })}` }, { a: '>>>???' }],
    [
      'payload in the URL-safe alphabet',
      { method: 'GET', search: `payload=${Buffer.from('{"a":">>>???"}').toString('base64url')}` },
      { a: '>>>???' },
    ],
    [
      'payload whatever the type of a GET says',
      { method: 'GET', headers: type('image/png'), search: `payload=${base64({ a: 2 })}` },
      { a: 2 },
    ],
    ['payload that is no object', { method: 'GET', search: `payload=${base64([1])}` }, { body: [1] }],
    ['GET without payload', { method: 'GET', headers: json, search: 'include_query=a&a=1' }, { a: '1' }],
    [
      'payload beside a body',
      { headers: json, body: '{"b":1}', search: `payload=${base64({ a: 2, b: 2 })}` },
      { a: 2, b: 1 },
    ],
  ])('%s', (_what, parts, expected) => {
    expect(argumentsOf(parts)).toEqual(expected);
  });

  test.each<[string, RequestParts, string]>([
    ['JSON without a body', { headers: json }, 'invalid body.invalid_json: invalid json: EOF while parsing a value'],
    ['invalid JSON', { headers: json, body: '{"a"' }, 'invalid body.invalid_json'],
    ['another type', { headers: type('application/octet-stream'), body: 'x' }, 'unsupported http.media_type'],
    ['another JSON', { headers: type('application/vnd.api+json'), body: '{}' }, 'unsupported http.media_type'],
    [
      'a payload that is no base64',
      { method: 'GET', search: 'payload=%7B%7D' },
      'invalid windmill.bad_payload: Impossible to decode query payload',
    ],
    ['a payload that is no JSON', { method: 'GET', search: 'payload=aGVsbG8=' }, 'invalid windmill.bad_payload'],
    [
      'a header with credentials',
      { headers: { authorization: 'Bearer x' }, search: 'include_header=Authorization' },
      'invalid windmill.bad_option',
    ],
    ['a token as an argument', { search: 'include_query=token&token=x' }, 'invalid windmill.bad_option'],
    ['scheduled_for without an offset', { search: 'scheduled_for=2030-01-01T00:00:00' }, 'invalid windmill.bad_option'],
    ['a scheduled_for that is none', { search: 'scheduled_for=2030-13-01T00:00:00Z' }, 'invalid windmill.bad_option'],
    ['scheduled_in_secs that is none', { search: 'scheduled_in_secs=soon' }, 'invalid windmill.bad_option'],
    ['suspended_mode', { search: 'suspended_mode=true' }, 'invalid windmill.bad_option: suspended_mode'],
    ['a job_id that is none', { search: 'job_id=1' }, 'invalid windmill.bad_option: job_id'],
    ['a queue_limit that is no number', { search: 'queue_limit=x' }, 'invalid windmill.bad_option: queue_limit'],
    [
      'an argument __proto__',
      { headers: type('application/x-www-form-urlencoded'), body: '__proto__=1' },
      'invalid body.forbidden_name',
    ],
  ])('refuses %s', (_what, parts, expected) => {
    expect(complaintOf(() => argumentsOf(parts))).toContain(expected);
  });

  const JOB = '0193f6a5-0000-4000-8000-000000000001';
  test.each<[string, string, string, object]>([
    ['job_id', 'run/p/*', `job_id=${JOB.toUpperCase()}`, { idempotencyKey: `job_id ${JOB}` }],
    ['timeout', 'run/p/*', 'timeout=7', { timeoutMs: 7_000 }],
    ['queue_limit of a synchronous call', 'run_wait_result/p/*', 'queue_limit=3', { waitingMax: 3 }],
    ['a queue_limit beyond every count', 'run_wait_result/p/*', 'queue_limit=1e400', { waitingMax: 2 ** 52 }],
    ['queue_limit of an asynchronous call, which means nothing', 'run/p/*', 'queue_limit=3', {}],
    ['scheduled_in_secs=0', 'run/p/*', 'scheduled_in_secs=0', {}],
    ['scheduled_in_secs', 'run/p/*', 'scheduled_in_secs=5', { start: { inMs: 5_000 } }],
    ['scheduled_for', 'run/p/*', 'scheduled_for=2030-01-01T00:00:00Z', { start: { atMs: Date.UTC(2030, 0, 1) } }],
    [
      'scheduled_for with an offset that was not encoded, which counts more',
      'run/p/*',
      'scheduled_for=2030-01-01T02:00:00.000+02:00&scheduled_in_secs=5',
      { start: { atMs: Date.UTC(2030, 0, 1) } },
    ],
    [
      'options that change nothing',
      'run/p/*',
      `parent_job=${JOB}&root_job=${JOB}&tag=x&invisible_to_owner=true&cache_ttl=1&skip_preprocessor=true&memory_id=x&poll_delay_ms=1`,
      {},
    ],
  ])('reads %s', (_what, suffix, search, expected) => {
    const mapped = startAt(suffix).mapInput(anInboundRequest({ search }), bound);
    expect(mapped).toEqual({ ...expected, input: {} });
  });

  test.each<[string, Readonly<Record<string, unknown>>, RequestParts, unknown]>([
    [
      'include_headers',
      { include_headers: ['X-Sign', 'Authorization'] },
      { headers: { 'x-sign': 's', authorization: 'Bearer x' } },
      { x_sign: 's' },
    ],
    ['space_wraps', { space_wraps: true }, { headers: json, body: ' {"a":1}' }, { body: { a: 1 } }],
    [
      'unknown_types',
      { unknown_types: 'raw_string' },
      { headers: type('application/octet-stream'), body: 'x' },
      { raw_string: 'x' },
    ],
  ])('the setting %s', (_what, settings, parts, expected) => {
    expect(argumentsOf(parts, settings)).toEqual(expected);
  });
});

describe('1.5 CloudEvents', () => {
  const attributes = { specversion: '1.0', id: '1', source: 's', type: 't' };
  const mapped = (event: object, parts: RequestParts = {}) =>
    startAt('run/p/*').mapCloudEvent?.(
      { attributes, data: undefined, hasData: false, ...event },
      anInboundRequest(parts),
      bound,
    ).input;

  test.each<[string, Readonly<Record<string, unknown>>, RequestParts, unknown]>([
    ['an object is spread', { data: { a: 1 }, hasData: true }, {}, { a: 1, WEBHOOK__METADATA__: attributes }],
    ['anything else is the body', { data: [1], hasData: true }, {}, { body: [1], WEBHOOK__METADATA__: attributes }],
    ['no data', {}, {}, { body: null, WEBHOOK__METADATA__: attributes }],
    [
      'bytes',
      { data: 'AAE=', hasData: true, dataBytes: new Uint8Array([0, 1]) },
      {},
      { body: 'AAE=', WEBHOOK__METADATA__: { ...attributes, data_base64: 'AAE=' } },
    ],
    [
      'headers beside it',
      { data: { a: 1 }, hasData: true },
      { headers: { 'x-a': 'b' }, search: 'include_header=x-a' },
      { a: 1, x_a: 'b', WEBHOOK__METADATA__: attributes },
    ],
  ])('%s', (_what, event, parts, expected) => {
    expect(mapped(event, parts)).toEqual(expected);
  });
});
