import { expect, test } from 'vitest';
import { FORM_FIELDS_MAX, formPairs, pairsWithLists } from './form.ts';

test('fields are counted before they are read', () => {
  expect(formPairs('a&'.repeat(FORM_FIELDS_MAX - 1))).toHaveLength(FORM_FIELDS_MAX - 1);
  expect(() => formPairs('a&'.repeat(FORM_FIELDS_MAX))).toThrow('more than 10000 fields');
});

test.each<[string, Readonly<Record<string, unknown>>]>([
  ['', {}],
  ['a=1&b=x+y%21', { a: '1', b: 'x y!' }],
  ['a=1&a=2', { a: ['1', '2'] }],
  ['a[]=1', { a: ['1'] }],
  ['a=1&a[]=2&b', { a: ['1', '2'], b: '' }],
])('%j becomes %j', (text, members) => {
  expect({ ...pairsWithLists(formPairs(text)) }).toEqual(members);
});

test('values of any kind are listed by their names', () => {
  const pairs = [
    ['f', { n: 1 }],
    ['g', 'x'],
    ['f', 'y'],
  ] as const;
  expect({ ...pairsWithLists<unknown>(pairs) }).toEqual({ f: [{ n: 1 }, 'y'], g: 'x' });
});

test('a parameter called __proto__ is no prototype', () => {
  const members = pairsWithLists(formPairs('__proto__=x'));
  expect(Object.getPrototypeOf(members)).toBeNull();
  expect(Object.keys(members)).toEqual(['__proto__']);
});
