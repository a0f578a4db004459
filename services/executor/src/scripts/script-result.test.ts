import { describe, expect, test } from 'vitest';
import { resultOf } from './script-result.ts';

describe('resultOf', () => {
  test('prefers the output file', () => {
    expect(resultOf('{"a":1}\n', '2')).toEqual({ kind: 'value', value: { a: 1 } });
  });

  test('takes the last line when the file is absent or blank', () => {
    expect(resultOf(undefined, '[1]')).toEqual({ kind: 'value', value: [1] });
    expect(resultOf('\n', 'null')).toEqual({ kind: 'value', value: null });
  });

  test('a last line that is no JSON is no result, an output file that is none is a mistake', () => {
    expect(resultOf(undefined, 'done')).toEqual({ kind: 'none' });
    expect(resultOf('done', '1')).toMatchObject({ kind: 'invalid' });
  });
});
