import { expect, test } from 'vitest';
import { arrayLiteral } from './array-literal.ts';

test('quotes texts, leaves numbers and writes null as NULL', () => {
  expect(arrayLiteral(['a', 1, null, -2.5, '', 'NULL'])).toBe('{"a",1,NULL,-2.5,"","NULL"}');
});

test('escapes quotes and backslashes and shows NUL as a replacement character', () => {
  expect(arrayLiteral(['{"a":"\\u0000"}', 'x\0y'])).toBe('{"{\\"a\\":\\"\\\\u0000\\"}","x\ufffdy"}');
});
