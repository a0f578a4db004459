import { describe, expect, test } from 'vitest';
import { anInboundRequest } from '../../../testing/windmill-request.ts';
import { bound, startAt } from '../../../testing/windmill.ts';
import { type RecordedRun, type StartOutcome } from '../../run-snapshot.ts';

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
  ])('%s', (...[, outcome, settings, status, body, contentType]) => {
    const answer = answerTo(outcome, settings);
    expect([answer.status, answer.body, answer.headers?.['content-type']]).toEqual([status, body, contentType]);
    expect(answer.headers?.['access-control-allow-origin']).toBe('*');
  });

  test('headers of a result are headers of the answer', () => {
    const { headers } = answerTo(completed({ windmill_headers: { 'X-A': 'b' }, result: 1 }));
    expect(headers).toMatchObject({ 'x-a': 'b', 'content-type': 'application/json' });
  });

  test.each(['!!!', 'A', 'AA=A', 'AAEC\n!', 'A==='])('F8b: %j, which is no base64, is 500', (result) => {
    const composite = { wm_content_type: 'image/png', wm_content_transfer_encoding: 'base64', result };
    expect(answerTo(completed(composite))).toMatchObject({ status: 500, body: 'Internal: Invalid base64' });
  });

  test.each([
    ['', ''],
    ['AAEC', '000102'],
    ['AAE', '0001'],
    ['AAE=', '0001'],
    ['-_8=', 'fbff'],
    ['AA\r\nEC', '000102'],
  ])('F8b: %j is base64 in one of its spellings', (result, hex) => {
    const { body } = answerTo(completed({ wm_content_transfer_encoding: 'base64', result }));
    expect(Buffer.from(body ?? '').toString('hex')).toBe(hex);
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
