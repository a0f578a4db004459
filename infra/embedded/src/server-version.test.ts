import { describe, expect, test } from 'vitest';
import { isAtLeast, parseVersion } from './server-version.ts';

describe('parseVersion', () => {
  test.each([
    ['nats-server: v2.14.3\n', '2.14.3'],
    ['nats-server: v2.15.0-RC.2', '2.15.0'],
    ['nats-server: 2.10.27', '2.10.27'],
    ['something else', undefined],
    ['', undefined],
  ])('reads %j', (text, version) => {
    expect(parseVersion(text)).toBe(version);
  });
});

test.each([
  ['2.14.0', true],
  ['2.14.1', true],
  ['2.15.0', true],
  ['3.0.0', true],
  ['2.13.9', false],
  ['2.9.20', false],
  ['1.99.99', false],
])('%s is at least 2.14.0: %s', (version, expected) => {
  expect(isAtLeast(version, '2.14.0')).toBe(expected);
});
