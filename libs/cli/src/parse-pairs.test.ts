import { describe, expect, test } from 'vitest';
import { CommandError } from './exit-codes.ts';
import { parseData, parseEnvironment } from './parse-pairs.ts';

describe('parseData', () => {
  test.each([
    [[], {}],
    [['name=you'], { name: 'you' }],
    [['n=3', 'on=true', 'list=[1,2]', 'text="3"', 'zip=007'], { n: 3, on: true, list: [1, 2], text: '3', zip: '007' }],
    [['equation=a=b', 'empty='], { equation: 'a=b', empty: '' }],
    [['{"a":1,"b":2}', 'b=3'], { a: 1, b: 3 }],
    [[' {"a":1}'], { a: 1 }],
  ])('reads %j', (items, input) => {
    expect(parseData(items)).toEqual(input);
  });

  test.each([
    [['name'], '-d name: write it like -d name=value'],
    [['{"a":'], /^-d is no JSON: /],
    [['@/nonexistent/file.json'], /^-d @\/nonexistent\/file.json cannot be read: ENOENT/],
  ])('refuses %j', (items, message) => {
    expect(() => parseData(items)).toThrow(message);
    expect(() => parseData(items)).toThrow(CommandError);
  });
});

describe('parseEnvironment', () => {
  test('takes values as they are', () => {
    expect(parseEnvironment(['TARGET=3', 'URL=a=b'])).toEqual({ TARGET: '3', URL: 'a=b' });
  });
});
