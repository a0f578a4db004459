import { expect, test } from 'vitest';
import { AppError } from '@millrace/kernel';
import { retryAfterOf, toProblem } from '@millrace/dialects';
import { toAppError } from './from-fastify.ts';

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
