import { describe, expect, test } from 'vitest';
import { readNotBefore } from './start-time.ts';

describe('not_before', () => {
  test.each([
    [undefined, undefined],
    ['30s', { inMs: 30_000 }],
    ['90', { inMs: 90_000 }],
    ['1.5h', { inMs: 5_400_000 }],
    ['2026-12-24T03:00:00Z', { atMs: Date.UTC(2026, 11, 24, 3) }],
    ['2026-12-24T03:00:00.250+01:00', { atMs: Date.UTC(2026, 11, 24, 2, 0, 0, 250) }],
    ['2026-12-24T03:00 01:00', { atMs: Date.UTC(2026, 11, 24, 2) }], // a plus that was not encoded
  ])('%s is %j', (text, start) => {
    expect(readNotBefore(text)).toEqual(start);
  });

  test.each(['', 'soon', '-5s', '2026-12-24', '2026-12-24T03:00:00', '2026-13-45T99:00:00Z', ['1s', '2s']])(
    '%j is refused',
    (text) => {
      expect(() => readNotBefore(text)).toThrow(/not_before must be a duration such as 30s/);
    },
  );
});
