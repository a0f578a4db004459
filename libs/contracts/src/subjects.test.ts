import { expect, test } from 'vitest';
import { publicEventSubject } from './subjects.ts';

test('a nested folder and a dotted event name are one token each', () => {
  expect(publicEventSubject('dev.millrace.run.completed.v1', 'default', 'f/ops/deploy')).toBe(
    'run.completed.default.f/ops.deploy',
  );
  expect(publicEventSubject('dev.millrace.run.attempt.lost.v1', 'default', 'a/b')).toBe('run.attempt-lost.default.a.b');
});
