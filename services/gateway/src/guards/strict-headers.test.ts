import { AppError } from '@millrace/kernel';
import { expect, test } from 'vitest';
import { checkStrictHeaders } from './strict-headers.ts';

const check = (headers: Readonly<Record<string, string>>, rawHeaders: string[] = []): string => {
  try {
    checkStrictHeaders({ headers, rawHeaders });
    return 'ok';
  } catch (error) {
    return error instanceof AppError ? error.code : 'bug';
  }
};

test.each([
  'application/json',
  'application/json; charset=utf-8',
  'application/json;charset="utf-8"',
  'application/x-www-form-urlencoded',
  'application/cloudevents+json ; charset=utf-8',
  'multipart/form-data; boundary=----x',
  'text/plain;',
  '',
])('takes the content type %j', (type) => {
  expect(check({ 'content-type': type })).toBe('ok');
});

test.each(['application/json\ta', 'application/json a', 'json', 'a/b/c', 'a/b; c', 'a/b; c="', ' a/b', 'a/b, c/d'])(
  'refuses the content type %j',
  (type) => {
    expect(check({ 'content-type': type })).toBe('http.media_type');
  },
);

test('A12: takes no time for a content type that almost is one', () => {
  const began = performance.now();
  expect(check({ 'content-type': `a/b${'; '.repeat(5_000)}=` })).toBe('http.media_type');
  expect(performance.now() - began).toBeLessThan(500);
});

test('A13: refuses a body that is compressed, not one that says it is not', () => {
  expect(check({ 'content-encoding': 'gzip' })).toBe('http.content_encoding');
  expect(check({ 'content-encoding': 'identity, br' })).toBe('http.content_encoding');
  expect(check({ 'content-encoding': 'Identity' })).toBe('ok');
});

test('A24: refuses two Host headers, even when they say the same', () => {
  expect(check({}, ['Host', 'a', 'hOST', 'a'])).toBe('http.ambiguous_host');
  expect(check({}, ['Host', 'a', 'Accept', 'host'])).toBe('ok');
});
