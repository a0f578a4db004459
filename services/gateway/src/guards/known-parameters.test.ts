import { expect, test } from 'vitest';
import { checkParameters } from './known-parameters.ts';

const KNOWN = ['workflow', 'status', 'limit'];
const check =
  (query: string, known: readonly string[] = KNOWN) =>
  () =>
    checkParameters(Object.fromEntries(new URLSearchParams(query)), known);

test('takes what is known', () => {
  expect(check('status=x&limit=1')).not.toThrow();
  expect(check('', [])).not.toThrow();
});

test('names what is not, and what was meant', () => {
  expect(check('stauts=x&colour=red')).toThrow(
    'unknown query parameter "stauts": did you mean status?; unknown query parameter "colour": there are workflow, status, limit',
  );
  expect(check('x=1', [])).toThrow('unknown query parameter "x": this address takes none');
});
