import { expect, test } from 'vitest';
import { UUID_RANDOM_BYTES, uuidV7 } from './ids.ts';
import {
  carriedShard,
  type Ring,
  seededShareOf,
  SHARD_BYTE,
  shardOfWorkflow,
  SHARDS_MAX,
  shardsOfRun,
  shardsUpTo,
  shareOf,
  SINGLE_RING,
  writtenShard,
} from './shards.ts';

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

const idIn = (shard: number, timeMs = 1_700_000_000_000): string => {
  const random = new Uint8Array(UUID_RANDOM_BYTES).fill(0xff);
  random[SHARD_BYTE] = shard;
  return uuidV7(timeMs, random);
};

test('a workflow is in the shard it was always in: these never change', () => {
  const paths = ['backup/db-full', 'f/ops/deploy', 'u/ada/hello', 'time/tick', 'größe/ünïcode', ''];
  const at = (shards: number): number[] => paths.map((path) => shardOfWorkflow('default', path, shards));
  expect(at(2)).toEqual([1, 0, 0, 0, 1, 1]);
  expect(at(3)).toEqual([0, 0, 1, 0, 1, 1]);
  expect(at(16)).toEqual([11, 8, 6, 2, 1, 7]);
  expect(at(64)).toEqual([27, 40, 6, 18, 17, 39]);
});

test('with one shard everything is in the first', () => {
  expect(shardOfWorkflow('default', 'f/ops/deploy', 1)).toBe(0);
  expect(writtenShard(idIn(17), 1)).toBe(0);
  expect(shardsOfRun(idIn(17), SINGLE_RING)).toEqual([0]);
});

test('many workflows are spread evenly', () => {
  const counts = Array.from({ length: 8 }, () => 0);
  for (let number = 0; number < 8_000; number += 1) {
    const shard = shardOfWorkflow('default', `folder/workflow-${number}`, 8);
    counts[shard] = (counts[shard] ?? 0) + 1;
  }
  for (const count of counts) expect(count).toBeGreaterThan(850);
  for (const count of counts) expect(count).toBeLessThan(1_150);
});

test('a run id carries its shard', () => {
  for (const shard of shardsUpTo(SHARDS_MAX)) {
    expect(carriedShard(idIn(shard))).toBe(shard);
    expect(writtenShard(idIn(shard), SHARDS_MAX)).toBe(shard);
  }
});

test('an id that carries a shard which is not there belongs to the first', () => {
  expect(writtenShard(idIn(5), 3)).toBe(0);
});

test('a run may be in any log when the ring changed after it was requested, else in its own only', () => {
  const ring: Ring = { shards: 3, logs: 4, sinceMs: 1_700_000_000_000, earlier: [4] };
  expect(shardsOfRun(idIn(2, ring.sinceMs - 1), ring)).toEqual([0, 1, 2, 3]);
  expect(shardsOfRun(idIn(2, ring.sinceMs + 86_400_000), ring)).toEqual([2]);
  expect(shardsOfRun(idIn(2, 1), { ...ring, sinceMs: 0 })).toEqual([2]);
});

test('the shares of a limit are the limit', () => {
  for (const [limit, shards] of [
    [4, 3],
    [7, 7],
    [100, 64],
    [5, 1],
  ] as const) {
    const shares = shardsUpTo(shards).map((shard) => shareOf(limit, shards, shard));
    expect(sum(shares)).toBe(limit);
    expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
    for (const seed of ['ex_a', 'ex_b']) {
      expect(sum(shardsUpTo(shards).map((shard) => seededShareOf(limit, shards, { shard, seed })))).toBe(limit);
    }
  }
});

test('what is left over of many shares does not all go to the same shard', () => {
  const favoured = new Set(
    Array.from({ length: 64 }, (_, number) =>
      shardsUpTo(3).findIndex((shard) => seededShareOf(1, 3, { shard, seed: `ex_${number}` }) === 1),
    ),
  );
  expect(favoured).toEqual(new Set([0, 1, 2]));
});
