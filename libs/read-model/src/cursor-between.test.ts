import { isRunId, uuidV7 } from '@millrace/contracts';
import { expect, test } from 'vitest';
import { cursorBetween } from './cursor-between.ts';

const random = (seed: number): Uint8Array => Uint8Array.from({ length: 10 }, (_, at) => (seed * (at + 7) * 31) & 0xff);
const NOW = Date.UTC(2026, 10, 21);

test('lies above the next id and not above the last, and has the form of an id', () => {
  const ids = Array.from({ length: 400 }, (_, step) => uuidV7(NOW + Math.floor(step / 5), random(step)));
  const sorted = ids.toSorted().toReversed();
  for (const [at, last] of sorted.entries()) {
    const next = sorted[at + 1];
    if (next === undefined || next === last) continue;
    const cursor = cursorBetween(last, next);
    expect(isRunId(cursor)).toBe(true);
    expect(cursor <= last && cursor > next).toBe(true);
  }
});

test('tells nothing but the time of an id whose millisecond is its own', () => {
  const cursor = cursorBetween('01a200d1-ea1e-71ce-86ff-6f014da070d2', '01a200d1-ea0b-7fff-bfff-ffffffffffff');
  expect(cursor).toBe('01a200d1-ea10-7000-8000-000000000000');
});
