import { expect, test } from 'vitest';
import { LogClock } from './log-clock.ts';

test('goes on with the monotonic clock from the last commit, never ahead of it', () => {
  const clock = new LogClock();
  expect(clock.read(10_000, 100)).toBe(10_000);
  expect(clock.read(10_000, 150)).toBe(10_050);
  expect(clock.read(10_020, 160)).toBe(10_060); // stored before, read late
  expect(clock.read(10_500, 200)).toBe(10_500);
  expect(clock.read(10_500, 201)).toBe(10_501);
});
