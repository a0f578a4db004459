import { expect, test } from 'vitest';
import { makeFairShare, SETTLE_MS } from './fair-share.ts';

const bed = (shards: number) => {
  let live = 1;
  const fair = makeFairShare({ shards, live: () => live });
  return { fair, become: (count: number) => (live = count) };
};

test('a process that is alone takes everything', () => {
  const { fair } = bed(3);
  expect([0, 1, 2].map((shard) => fair.of(shard).tryTake())).toEqual([true, true, true]);
  expect(fair.surplus(1e9)).toBeUndefined();
});

test('one of two takes its share, and more only when nobody else does', () => {
  const { fair, become } = bed(3);
  become(2);
  expect([0, 1, 2].map((shard) => fair.of(shard).tryTake())).toEqual([true, true, false]);
  fair.of(1).release();
  expect(fair.of(2).tryTake()).toBe(true);
  fair.of(1).takeBeyond();
  expect(fair.of(0).tryTake()).toBe(false);
});

test('who leads more than its share gives one up after the other, not at once', () => {
  const { fair, become } = bed(4);
  for (const shard of [0, 1, 2, 3]) fair.of(shard).tryTake();
  become(2);
  expect(fair.surplus(0)).toBeUndefined();
  expect(fair.surplus(SETTLE_MS - 1)).toBeUndefined();
  expect(fair.surplus(SETTLE_MS)).toBe(3);
  fair.of(3).release();
  expect(fair.surplus(SETTLE_MS + 1)).toBeUndefined();
  expect(fair.surplus(2 * SETTLE_MS)).toBe(2);
  fair.of(2).release();
  expect(fair.surplus(9 * SETTLE_MS)).toBeUndefined();
});

test('a process that came and went takes nothing along', () => {
  const { fair, become } = bed(2);
  for (const shard of [0, 1]) fair.of(shard).tryTake();
  become(2);
  expect(fair.surplus(0)).toBeUndefined();
  become(1);
  expect(fair.surplus(SETTLE_MS)).toBeUndefined();
  become(2);
  expect(fair.surplus(2 * SETTLE_MS)).toBeUndefined();
});
