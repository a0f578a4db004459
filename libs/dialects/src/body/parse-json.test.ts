import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AppError } from '@millrace/kernel';
import { parseJson } from './parse-json.ts';
import { readRunBody } from './run-body.ts';

const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  throw new Error('was accepted');
};
const nest = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const members = (count: number): string =>
  JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i])));

describe('parseJson', () => {
  test('gives back whatever JSON can say', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const text = JSON.stringify(value);
        fc.pre(!text.includes('__proto__'));
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  test('takes an empty text as nothing', () => {
    expect(parseJson('')).toBeUndefined();
  });

  test('bounds depth and members exactly', () => {
    expect(parseJson(nest(64))).toBeDefined();
    expect(codeOf(() => parseJson(nest(65)))).toBe('body.too_deep');
    expect(parseJson(members(10_000))).toBeDefined();
    expect(codeOf(() => parseJson(members(10_001)))).toBe('body.too_many_members');
  });

  test('survives half a million levels, and a long array of numbers', () => {
    expect(codeOf(() => parseJson(nest(500_000)))).toBe('body.too_deep');
    expect(parseJson(`[${'1,'.repeat(300_000)}1]`)).toHaveLength(300_001);
  });

  test.each(['{"__proto__":1}', '{"a":[{"__proto__":{}}]}'])('refuses %s', (text) => {
    expect(codeOf(() => parseJson(text))).toBe('body.forbidden_name');
  });

  test('does not quote the body when it is no JSON', () => {
    expect(() => parseJson('{"password":"hunter2",}')).toThrow(/^the body is not valid JSON( at position \d+.*)?$/);
  });
});

describe('readRunBody', () => {
  test.each<[unknown, unknown, unknown]>([
    [undefined, {}, undefined],
    [{}, {}, undefined],
    [{ a: 1, env: { B: 'c' } }, { a: 1 }, { B: 'c' }],
    [{ input: null, a: 1 }, null, undefined],
    [{ input: [1], env: 5 }, [1], 5],
  ])('reads %j as input %j and env %j', (body, input, env) => {
    expect(readRunBody(body)).toEqual({ input, env });
  });

  test.each([null, 1, 'x', [], true])('refuses %j', (body) => {
    expect(codeOf(() => readRunBody(body))).toBe('body.not_object');
  });
});
