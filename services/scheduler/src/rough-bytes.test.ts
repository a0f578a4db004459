import { expect, test } from 'vitest';
import { roughBytes } from './rough-bytes.ts';

test('grows with what is inside, and stops counting when it is too much', () => {
  expect(roughBytes({ a: 'x'.repeat(100) }, 10_000)).toBeGreaterThan(200);
  expect(roughBytes([1, null, true, { b: [] }], 10_000)).toBeLessThan(200);
  const huge = Array.from({ length: 1_000_000 }, () => 'x');
  expect(roughBytes(huge, 1_000)).toBeLessThan(1_100);
});
