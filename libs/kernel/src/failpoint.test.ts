import { afterEach, expect, test } from 'vitest';
import { armFailpoints, failpoint } from './failpoint.ts';

afterEach(() => armFailpoints(undefined));

test('does nothing until it is armed, and nothing after that', () => {
  const reached: string[] = [];
  failpoint('gateway.after-commit');
  armFailpoints((name) => reached.push(name));
  failpoint('gateway.after-commit');
  armFailpoints(undefined);
  failpoint('gateway.before-commit');
  expect(reached).toEqual(['gateway.after-commit']);
});
