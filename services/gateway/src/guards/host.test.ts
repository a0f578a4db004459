import { expect, test } from 'vitest';
import { makeHostAllowed } from './host.ts';

const isAllowed = makeHostAllowed(['Millrace.test']);

test.each([
  'localhost',
  'localhost:8080',
  '127.0.0.1:8080',
  '[::1]',
  '[::1]:8080',
  '10.1.2.3',
  'millrace.test',
  'MILLRACE.TEST.:80',
])('%s is this server', (host) => {
  expect([isAllowed(host), isAllowed(host)]).toEqual([true, true]);
});

test.each([
  '',
  'evil.test',
  'evil.test:8080',
  'localhost.evil.test',
  'millrace.test.evil.test',
  '127.0.0.1.evil.test',
  '127.0.0.1@evil.test',
  'a@localhost',
  '::1',
  '[::1',
  'localhost:x',
  'localhost:8080:8080',
])('%j is not', (host) => {
  expect(isAllowed(host)).toBe(false);
});

test('remembers no more than a bounded number of names', () => {
  for (let i = 0; i < 10_000; i += 1) expect(isAllowed(`h${i}.test`)).toBe(false);
  expect(isAllowed('localhost')).toBe(true);
});
