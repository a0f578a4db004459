import { expect, test } from 'vitest';
import { checkJsonText, JSON_CONTAINERS_MAX, JSON_DEPTH_MAX, JSON_KEYS_MAX, JSON_VALUES_MAX } from './json-text.ts';

const FILLER = `"${'x'.repeat(20_000)}"`;
const nested = (levels: number): string => `${'['.repeat(levels - 1)}[${FILLER}]${']'.repeat(levels - 1)}`;
const keyed = (count: number): string =>
  `{${Array.from({ length: count - 1 }, (_, index) => `"${index}":0`).join()},"x":${FILLER}}`;
const listed = (item: string, count: number): string => `[${`${item},`.repeat(count)}${FILLER}]`;

test.each([
  ['as deep as it may be', nested(JSON_DEPTH_MAX)],
  ['as many members as there may be', keyed(JSON_KEYS_MAX)],
  ['as many lists as there may be', listed('[]', JSON_CONTAINERS_MAX - 1)],
  ['as many values as there may be', listed('1', JSON_VALUES_MAX)],
  ['signs in texts', JSON.stringify({ text: '[{:,"\\'.repeat(100_000) })],
  ['a text that ends with escapes', JSON.stringify(['\\'.repeat(20_000), '['.repeat(1_000)])],
  ['a short text, whatever it holds', '['.repeat(1_000)],
  ['a text that never ends', `["${'['.repeat(100_000)}`],
])('%s passes', (_what, text) => {
  expect(() => checkJsonText(text)).not.toThrow();
});

test.each([
  ['a level too many', nested(JSON_DEPTH_MAX + 1), 'body.too_deep'],
  ['brackets and nothing else', '['.repeat(1_048_576), 'body.too_deep'],
  ['a member too many', keyed(JSON_KEYS_MAX + 1), 'body.too_many_members'],
  ['a list too many', listed('[]', JSON_CONTAINERS_MAX), 'body.too_many_members'],
  ['an object too many', listed('{}', JSON_CONTAINERS_MAX), 'body.too_many_members'],
  ['a value too many', listed('1', JSON_VALUES_MAX + 1), 'body.too_many_members'],
  ['brackets behind an escaped quote', `["\\"",${FILLER},${'['.repeat(JSON_DEPTH_MAX)}`, 'body.too_deep'],
])('%s is refused', (_what, text, code) => {
  expect(() => checkJsonText(text)).toThrow(expect.objectContaining({ kind: 'invalid', code }) as Error);
});

test('other bounds are for others', () => {
  const bounds = { depth: JSON_DEPTH_MAX + 1, keys: JSON_KEYS_MAX + 1 };
  expect(() => checkJsonText(nested(JSON_DEPTH_MAX + 1), bounds)).not.toThrow();
  expect(() => checkJsonText(keyed(JSON_KEYS_MAX + 1), bounds)).not.toThrow();
  expect(() => checkJsonText(nested(JSON_DEPTH_MAX + 2), bounds)).toThrow('deeper than 65 levels');
});
