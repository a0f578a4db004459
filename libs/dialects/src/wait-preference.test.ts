import { expect, test } from 'vitest';
import { readWait } from './wait-preference.ts';

test.each<[unknown, string | undefined, number]>([
  [undefined, undefined, 0],
  ['20', undefined, 20_000],
  ['0.5', undefined, 500],
  ['0', 'wait=20', 0],
  ['9999', undefined, 300_000],
  [undefined, 'wait=20', 20_000],
  [undefined, 'respond-async, wait=7', 7_000],
  [undefined, 'WAIT = "5"; x', 5_000],
  [undefined, 'wait=99999', 300_000],
  [undefined, 'wait=soon', 0],
  [undefined, 'await=20', 0],
])('query %j and preference %j wait %i ms', (query, prefer, ms) => {
  expect(readWait(query, prefer)).toBe(ms);
});

test.each(['', 'soon', '-1', 'NaN', ['1', '2']])('refuses the query %j', (query) => {
  expect(() => readWait(query, undefined)).toThrow(/number of seconds/);
});
