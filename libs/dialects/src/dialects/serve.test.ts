import { expect, test } from 'vitest';
import { AppError } from '@millrace/kernel';
import { dialect } from './serve.ts';

const serve = dialect.make({});

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
  const answer = serve.renderError(error, undefined);
  expect(answer.headers?.['content-type']).toBe(body === undefined ? 'application/problem+json' : 'application/json');
  if (body !== undefined) expect(JSON.parse(String(answer.body))).toEqual(body);
});
