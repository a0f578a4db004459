import { expect, test } from 'vitest';
import { memorySlope } from './memory.ts';

const life = (pid: number, from: number, to: number, mbOf: (minute: number) => number) =>
  Array.from({ length: 4 * (to - from) }, (_, index) => from + index / 4).map((minute) => ({
    minute,
    pid,
    mb: mbOf(minute),
  }));

test('the slope is that of the process that lived longest, without its first minutes', () => {
  const grows = life(1, 0, 10, (minute) => (minute < 2 ? 100 * minute : 200 + 3 * minute));
  expect(memorySlope([...life(2, 0, 3, () => 50), ...grows])).toBeCloseTo(3);
  expect(memorySlope(life(1, 0, 10, () => 80))).toBe(0);
});

test('nobody who died early says anything', () => {
  expect(memorySlope(life(1, 0, 3, (minute) => 100 * minute))).toBeUndefined();
});
