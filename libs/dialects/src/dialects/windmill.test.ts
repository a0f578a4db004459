import { AppError } from '@millrace/kernel';
import { describe, expect, test } from 'vitest';
import { anInboundRequest, type RequestParts } from '../../testing/windmill-request.ts';
import { makeDialect } from '../make-dialect.ts';
import { type BoundTrigger } from '../trigger-directory.ts';
import { type DialectRoute, type StartRoute } from '../dialect.ts';
import { type RecordedRun, type StartOutcome } from '../run-snapshot.ts';
import { dialect } from './windmill.ts';

const bound = {} as BoundTrigger; // by path and by hash, nothing of the trigger is looked at
const windmill = (settings: Readonly<Record<string, unknown>> = {}) => makeDialect(dialect, settings);

const isStart = (route: DialectRoute): route is StartRoute => route.does === 'start';
const startAt = (suffix: string, settings = {}): StartRoute => {
  const route = windmill(settings)
    .routes.filter(isStart)
    .find(({ url }) => url.endsWith(`/jobs/${suffix}`));
  if (route === undefined) throw new Error(`no route ${suffix}`);
  return route;
};

const argumentsOf = (parts: RequestParts, settings = {}, suffix = 'run_wait_result/p/*') =>
  startAt(suffix, settings).mapInput(anInboundRequest(parts), bound).input;

const complaintOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof AppError) return `${error.kind} ${error.code}: ${error.message}`;
    throw error;
  }
  return 'none';
};

const json = { 'content-type': 'application/json' };
const type = (text: string) => ({ 'content-type': text });
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');

describe('1.1 routes', () => {
  test.each<[string, readonly string[]]>([
    ['run/p/*', ['POST']],
    ['run/h/:version', ['POST']],
    ['run/f/*', ['POST']],
    ['run/fv/:version', ['POST']],
    ['run_wait_result/p/*', ['GET', 'POST']],
    ['run_wait_result/f/*', ['GET', 'POST']],
    ['run_wait_result/fv/:version', ['GET', 'POST']],
    ['run_wait_result/h/:version', ['POST']],
    ['run_and_stream/p/*', ['GET', 'POST']],
    ['run_and_stream/h/:version', ['GET', 'POST']],
    ['run_and_stream/f/*', ['GET', 'POST']],
    ['run_and_stream/fv/:version', ['GET', 'POST']],
    // 001: "…/jobs/run_wait_result/$SCRIPT_PATH"
    ['run_wait_result/*', ['GET', 'POST']],
  ])('%s takes %j', (suffix, methods) => {
    expect(startAt(suffix).methods).toEqual(methods);
  });

  test.each(['jobs_u', 'jobs'])('the poll routes are there under %s', (prefix) => {
    const urls = windmill().routes.map(({ url }) => url.replace(`/api/w/:workspace/${prefix}/`, ''));
    expect(urls).toEqual(
      expect.arrayContaining([
        'get/:id',
        'completed/get/:id',
        'completed/get_result/:id',
        'completed/get_result_maybe/:id',
        'completed/get_timing/:id',
        'getupdate/:id',
        'getupdate_sse/:id',
        'queue/cancel/:id',
      ]),
    );
  });

  test.each<[AppError, number, string]>([
    [new AppError('invalid', 'body.invalid_json', 'no'), 400, 'Bad request: no'],
    [new AppError('unauthenticated', 'auth.unauthorized', 'no'), 401, 'Unauthorized'],
    [new AppError('forbidden', 'auth.forbidden', 'no'), 403, 'Permission denied: no'],
    [new AppError('not_found', 'run.not_found', 'no'), 404, 'Not found: no'],
    [new AppError('unsupported', 'http.media_type', 'no'), 415, 'Unsupported media type: no'],
    [new AppError('too_large', 'http.body_too_large', 'no'), 413, 'Payload too large: no'],
    [new AppError('refused', 'workflow.not_in_service', 'no'), 409, 'Conflict: no'],
    [new AppError('refused', 'http.method_not_allowed', 'no'), 405, 'Method not allowed: no'],
    [new AppError('over_limit', 'trigger.over_rate', 'no'), 429, 'Too many requests: no'],
    [new AppError('unavailable', 'log.full', 'no'), 503, 'Service unavailable: no'],
    [
      new AppError('over_limit', 'run.queue_too_long', 'Number of queued job is too high: 3 > 2'),
      500,
      'Internal: Number of queued job is too high: 3 > 2',
    ],
    [new AppError('bug', 'gateway.bug', 'secret'), 500, 'Internal: something went wrong here'],
    [
      new AppError('unauthenticated', 'signature.refused', 'no', { details: { reason: 'mismatch' } }),
      401,
      '{"error":"signature invalid"}',
    ],
    [
      new AppError('unauthenticated', 'signature.refused', 'no', { details: { reason: 'missing_header' } }),
      400,
      'Bad request: the signature header is missing',
    ],
  ])('%# an error is one line of text', (error, status, text) => {
    const answer = windmill().renderError(error, undefined);
    expect([answer.status, answer.body]).toEqual([status, text]);
    expect(answer.headers?.['access-control-allow-origin']).toBe('*');
    expect(answer.headers?.['content-type']).toBe(
      text.startsWith('{') ? 'application/json' : 'text/plain; charset=utf-8',
    );
  });
});

describe('1.2 auth', () => {
  const credentials = (parts: RequestParts) => startAt('run/p/*').credentials?.(anInboundRequest(parts));

  test.each<[string, RequestParts, string | undefined, string | undefined]>([
    ['the header', { headers: { authorization: 'Bearer a' } }, 'a', 'header'],
    ['the cookie', { headers: { cookie: 'x=1; token=b; y=2' } }, 'b', 'cookie'],
    ['the query', { search: 'token=c' }, 'c', 'query'],
    [
      'header before cookie before query',
      { headers: { authorization: 'Bearer a', cookie: 'token=b' }, search: 'token=c' },
      'a',
      'header',
    ],
    ['cookie before query', { headers: { cookie: 'token=b' }, search: 'token=c' }, 'b', 'cookie'],
    ['no scheme in lower case', { headers: { authorization: 'bearer a' } }, undefined, undefined],
    ['no cookie that only ends so', { headers: { cookie: 'xtoken=b' } }, undefined, undefined],
  ])('takes %s', (_what, parts, text, source) => {
    const [token] = credentials(parts)?.tokens ?? [];
    expect([token?.text, token?.source]).toEqual([text, source]);
  });
});

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
    [
      'scheduled_for',
      { search: 'scheduled_for=2030-01-01T00:00:00Z' },
      'invalid windmill.bad_option: scheduled_for: this server does not delay runs',
    ],
    ['scheduled_in_secs', { search: 'scheduled_in_secs=5' }, 'invalid windmill.bad_option: scheduled_in_secs'],
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
    ['queue_limit of an asynchronous call, which means nothing', 'run/p/*', 'queue_limit=3', {}],
    ['scheduled_in_secs=0', 'run/p/*', 'scheduled_in_secs=0', {}],
    [
      'options that change nothing',
      'run/p/*',
      `parent_job=${JOB}&root_job=${JOB}&tag=x&invisible_to_owner=true&cache_ttl=1&skip_preprocessor=true&memory_id=x&poll_delay_ms=1`,
      {},
    ],
  ])('reads %s', (_what, suffix, search, expected) => {
    const { input: _input, ...options } = startAt(suffix).mapInput(anInboundRequest({ search }), bound);
    expect(options).toEqual(expected);
  });

  test.each<[string, object, RequestParts, unknown]>([
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

const run: RecordedRun = {
  runId: '0193f6a5-0000-7000-8000-000000000001',
  workspace: 'default',
  workflow: 'a/b',
  version: 'f'.repeat(64),
  traceId: 't',
  replayed: false,
  requestedAt: '2026-01-01T00:00:00.000Z',
  input: {},
};
const ended = (status: 'completed' | 'failed', rest: object) =>
  ({ kind: 'ended', run, elapsedMs: 1, result: { run_id: run.runId, status, ...rest } }) as StartOutcome;
const completed = (output?: unknown) => ended('completed', output === undefined ? {} : { output });
const failed = ended('failed', { error: { code: 'exception', message: 'no', stack: 'at x' } });
const answerTo = (outcome: StartOutcome, settings = {}) =>
  startAt('run_wait_result/p/*', settings).respond(outcome, anInboundRequest(), bound);

describe('1.4 answers', () => {
  const ERROR = '{"error":{"name":"Error","message":"no","stack":"at x"}}';
  test.each<[string, StartOutcome, object, number, string | undefined, string | undefined]>([
    ['the id, bare', { kind: 'accepted', run }, {}, 201, run.runId, 'text/plain; charset=utf-8'],
    [
      'another status for senders that take only 200',
      { kind: 'accepted', run },
      { accepted_status: 200 },
      200,
      run.runId,
      'text/plain; charset=utf-8',
    ],
    ['a result', completed({ a: 1 }), {}, 200, '{"a":1}', 'application/json'],
    ['a text is JSON', completed('x'), {}, 200, '"x"', 'application/json'],
    ['no result', completed(), {}, 200, 'null', 'application/json'],
    ['a failure, as documented', failed, {}, 200, ERROR, 'application/json'],
    ['a failure, as servers answer', failed, { failed_status: 422 }, 422, ERROR, 'application/json'],
    [
      'time ran out',
      { kind: 'timed_out', run, waitedMs: 600_000 },
      {},
      500,
      'Internal: timeout after 600s',
      'text/plain; charset=utf-8',
    ],
    ['an early answer', { kind: 'responded', run, response: { a: 1 } }, {}, 200, '{"a":1}', 'application/json'],
    [
      'an early composite answer',
      { kind: 'responded', run, response: { windmill_status_code: 202, result: 1 } },
      {},
      202,
      '1',
      'application/json',
    ],
    [
      'a status',
      completed({ windmill_status_code: 201, result: { Hello: 'World' } }),
      {},
      201,
      '{"Hello":"World"}',
      'application/json',
    ],
    ['a status, newer name', completed({ wm_status_code: 404, result: 1 }), {}, 404, '1', 'application/json'],
    [
      'no legal status',
      completed({ windmill_status_code: 1_000, result: 1 }),
      {},
      500,
      'Internal: Invalid status code',
      'text/plain; charset=utf-8',
    ],
    [
      'an interim status',
      completed({ windmill_status_code: 101, result: 1 }),
      {},
      500,
      'Internal: Invalid status code',
      'text/plain; charset=utf-8',
    ],
    [
      'no status at all',
      completed({ windmill_status_code: 'x', result: 1 }),
      {},
      200,
      '{"windmill_status_code":"x","result":1}',
      'application/json',
    ],
    [
      'a status out of 16 bits',
      completed({ windmill_status_code: 65_536, result: 1 }),
      {},
      200,
      '{"windmill_status_code":65536,"result":1}',
      'application/json',
    ],
    [
      'a content type',
      completed({ windmill_content_type: 'text/csv', result: 'Hello;World' }),
      {},
      200,
      'Hello;World',
      'text/csv',
    ],
    [
      'a content type, quoted as documented',
      completed({ windmill_content_type: 'text/csv', result: 'Hello;World' }),
      { quoted_text: true },
      200,
      '"Hello;World"',
      'text/csv',
    ],
    [
      'a content type and an object',
      completed({ wm_content_type: 'application/hal+json', result: { a: 1 } }),
      {},
      200,
      '{"a":1}',
      'application/hal+json',
    ],
    ['no result of its own', completed({ windmill_content_type: 'text/csv' }), {}, 204, undefined, undefined],
    ['no result but a status', completed({ windmill_status_code: 202 }), {}, 202, undefined, undefined],
    ['a status that has no body', completed({ windmill_status_code: 204, result: 1 }), {}, 204, undefined, undefined],
    [
      'a header that cannot be sent',
      completed({ windmill_headers: { 'x-a': 'a\r\nb' }, result: 1 }),
      {},
      500,
      'Internal: Invalid header',
      'text/plain; charset=utf-8',
    ],
    [
      'headers that are no texts',
      completed({ windmill_headers: { a: 1 }, result: 1 }),
      {},
      200,
      '{"windmill_headers":{"a":1},"result":1}',
      'application/json',
    ],
    [
      'wm_failure',
      completed({ wm_failure: 'no', a: 1 }),
      { failed_status: 422 },
      422,
      '{"wm_failure":"no","a":1}',
      'application/json',
    ],
    [
      'wm_failure with an answer of its own',
      completed({ wm_failure: 'no', wm_status_code: 200, result: 'x' }),
      { failed_status: 422 },
      200,
      '"x"',
      'application/json',
    ],
    [
      'a condition that is false',
      { kind: 'filtered', reason: 'no' },
      {},
      200,
      'nothing was started: no',
      'text/plain; charset=utf-8',
    ],
  ])('%s', (_what, outcome, settings, status, body, contentType) => {
    const answer = answerTo(outcome, settings);
    expect([answer.status, answer.body, answer.headers?.['content-type']]).toEqual([status, body, contentType]);
    expect(answer.headers?.['access-control-allow-origin']).toBe('*');
  });

  test('headers of a result are headers of the answer', () => {
    const { headers } = answerTo(completed({ windmill_headers: { 'X-A': 'b' }, result: 1 }));
    expect(headers).toMatchObject({ 'x-a': 'b', 'content-type': 'application/json' });
  });

  test('bytes travel as base64', () => {
    const result = { wm_content_type: 'image/png', wm_content_transfer_encoding: 'base64', result: 'AAEC' };
    expect(Buffer.from(answerTo(completed(result)).body as Uint8Array)).toEqual(Buffer.from([0, 1, 2]));
  });

  test('a repeat says so', () => {
    const { headers } = answerTo({ kind: 'accepted', run: { ...run, replayed: true } });
    expect(headers).toMatchObject({ 'idempotency-replayed': 'true' });
  });

  test('a synchronous wait lasts as long as the instance allows', () => {
    expect(startAt('run_wait_result/p/*').waitMs?.(anInboundRequest(), bound.trigger)).toBe(600_000);
    const short = startAt('run_wait_result/p/*', { timeout_wait_result: 2 });
    expect([short.waitMs?.(anInboundRequest(), bound.trigger), short.abandoned]).toEqual([2_000, 'cancel']);
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

  test.each<[string, object, RequestParts, unknown]>([
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

describe('settings', () => {
  test('are refused by name when they are wrong', () => {
    expect(() => windmill({ failed_status: 'x' })).toThrow('failed_status');
    expect(() => windmill({ colour: 'red' })).toThrow('[dialects.windmill]');
  });
});
