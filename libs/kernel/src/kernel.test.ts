import { describe, expect, test } from 'vitest';
import { AppError, backoffDelay, kindOf, parseDuration, suggest } from './index.ts';

describe('parseDuration', () => {
  test.each([
    ['250ms', 250],
    ['20s', 20_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    [30, 30_000],
  ])('reads %s', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  test.each(['', 'soon', '-1s', '1w'])('refuses %j and says what to write', (text) => {
    expect(() => parseDuration(text)).toThrow(/write 250ms/);
  });
});

describe('suggest', () => {
  test('finds the near one and leaves the far ones alone', () => {
    expect(suggest('prot', ['port', 'bind'])).toBe('port');
    expect(suggest('max_concurent_runs', ['max_concurrent_runs', 'port'])).toBe('max_concurrent_runs');
    expect(suggest('zebra', ['port', 'bind'])).toBeUndefined();
  });
});

test('back-off doubles up to its maximum', () => {
  expect([1, 2, 3, 9].map((attempt) => backoffDelay({ first: 100, max: 500 }, attempt))).toEqual([100, 200, 400, 500]);
});

test('an error that is not ours is a bug', () => {
  expect(kindOf(new AppError('invalid', 'a.b', 'c'))).toBe('invalid');
  expect(kindOf(new Error('x'))).toBe('bug');
});
