import { expect, test } from 'vitest';
import { formPairs, pairsWithLists } from './form.ts';

test.each<[string, Readonly<Record<string, unknown>>]>([
  ['', {}],
  ['a=1&b=x+y%21', { a: '1', b: 'x y!' }],
  ['a=1&a=2', { a: ['1', '2'] }],
  ['a[]=1', { a: ['1'] }],
  ['a=1&a[]=2&b', { a: ['1', '2'], b: '' }],
])('%j becomes %j', (text, members) => {
  expect({ ...pairsWithLists(formPairs(text)) }).toEqual(members);
});

test('a parameter called __proto__ is no prototype', () => {
  const members = pairsWithLists(formPairs('__proto__=x'));
  expect(Object.getPrototypeOf(members)).toBeNull();
  expect(Object.keys(members)).toEqual(['__proto__']);
});
