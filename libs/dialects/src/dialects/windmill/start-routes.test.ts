import { AppError } from '@millrace/kernel';
import { describe, expect, test } from 'vitest';
import { anInboundRequest, type RequestParts } from '../../../testing/windmill-request.ts';
import { startAt, windmill } from '../../../testing/windmill.ts';

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
        'result_by_id/:job/:node',
        'resume/:job/:resume/:secret',
        'cancel/:job/:resume/:secret',
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
      new AppError('unauthenticated', 'signature.refused', 'no', { details: { reason: 'missing_signature' } }),
      400,
      'Bad request: the signature header is missing',
    ],
    [
      new AppError('unauthenticated', 'signature.refused', 'no', { details: { reason: 'missing_timestamp' } }),
      400,
      'Bad request: the header with the time of the signature is missing',
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

describe('settings', () => {
  test('are refused by name when they are wrong', () => {
    expect(() => windmill({ failed_status: 'x' })).toThrow('failed_status');
    expect(() => windmill({ colour: 'red' })).toThrow('[dialects.windmill]');
  });
});
