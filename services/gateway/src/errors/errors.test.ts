import { expect, test } from 'vitest';
import { AppError } from '@millrace/kernel';
import { dialectBodyOf } from './dialect-body.ts';
import { toAppError } from './from-fastify.ts';
import { retryAfterOf, toProblem } from './problem.ts';

test('a problem has the members of RFC 9457, a stable code and what the error adds', () => {
  const error = new AppError('refused', 'idempotency.key_reused', 'used', { details: { run_id: 'r' } });
  expect(toProblem(error, 't')).toEqual({
    type: 'urn:millrace:idempotency.key_reused',
    title: 'Conflict',
    status: 409,
    detail: 'used',
    code: 'idempotency.key_reused',
    run_id: 'r',
    trace_id: 't',
  });
});

test('a bug says nothing about itself', () => {
  const problem = toProblem(toAppError(new Error('password is hunter2')));
  expect(JSON.stringify(problem)).not.toContain('hunter2');
  expect(problem).toMatchObject({ status: 500, code: 'gateway.bug' });
});

test('details cannot replace what the problem says', () => {
  const error = new AppError('invalid', 'a.b', 'c', { details: { status: 200, code: 'x', type: 'y' } });
  expect(toProblem(error)).toMatchObject({ status: 400, code: 'a.b', type: 'urn:millrace:a.b' });
});

test.each<[AppError, number | undefined]>([
  [new AppError('unavailable', 'a', ''), 1],
  [new AppError('over_limit', 'a', ''), 1],
  [new AppError('unavailable', 'a', '', { retryAfterSeconds: 7 }), 7],
  [new AppError('invalid', 'a', ''), undefined],
])('%# Retry-After stands where trying again makes sense', (error, expected) => {
  expect(retryAfterOf(error)).toBe(expected);
});

test.each<[AppError, unknown]>([
  [new AppError('unauthenticated', 'auth.unauthorized', ''), { error: 'unauthorized' }],
  [new AppError('forbidden', 'auth.missing_client_header', ''), { error: 'missing X-Workflow-Client header' }],
  [
    new AppError('not_found', 'workflow.not_found', '', { details: { workflow: 'a/b' } }),
    { error: 'task not found: a/b' },
  ],
  [new AppError('not_found', 'run.not_found', ''), { error: 'run not found' }],
  [
    new AppError('over_limit', 'run.over_limit', '', { details: { max: 4 } }),
    { error: 'too many concurrent runs', max: 4 },
  ],
  [new AppError('too_large', 'http.body_too_large', ''), { error: 'request body too large', max_bytes: 1_048_576 }],
  [new AppError('invalid', 'env.denied', ''), undefined],
])('%# the dialect prescribes this body', (error, body) => {
  expect(dialectBodyOf(error)).toEqual(body);
});
