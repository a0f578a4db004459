import { ATTEMPT_LOG_BYTES_MAX } from '@millrace/contracts';
import { expect, test } from 'vitest';
import { attemptBytes, isRoomy, makeLogRoom, neededBytes, runsThatFit } from './log-room.ts';

const MIB = 1_048_576;
const GIB = 1_024 * MIB;

test('a large log keeps the most that a run may write for every slot, a small one half of itself', () => {
  expect(attemptBytes({ maxBytes: 4 * GIB, concurrentRunsMax: 4 })).toBe(ATTEMPT_LOG_BYTES_MAX);
  expect(isRoomy({ maxBytes: 4 * GIB, concurrentRunsMax: 4 })).toBe(true);
  expect(4 * attemptBytes({ maxBytes: 8 * MIB, concurrentRunsMax: 4 })).toBe(4 * MIB);
  expect(isRoomy({ maxBytes: 8 * MIB, concurrentRunsMax: 4 })).toBe(false);
});

test('a log without a limit never limits', () => {
  expect(runsThatFit({ maxBytes: Number.POSITIVE_INFINITY, concurrentRunsMax: 4 }, 10 * GIB)).toBe(
    Number.POSITIVE_INFINITY,
  );
  expect(makeLogRoom(4).runsMax()).toBe(Number.POSITIVE_INFINITY);
});

test('what gateways leave alone holds all slots, however many are taken, and the mean of every other run', () => {
  const rules = { maxBytes: 4 * GIB, concurrentRunsMax: 4 };
  expect(neededBytes(rules, 0, 5_000)).toBe(4 * ATTEMPT_LOG_BYTES_MAX);
  expect(neededBytes(rules, 4, 5_000)).toBe(4 * ATTEMPT_LOG_BYTES_MAX);
  expect(neededBytes(rules, 14, 5_000.5)).toBe(4 * ATTEMPT_LOG_BYTES_MAX + 10 * 5_001);
});

test('commits count from when they are read until the log counts them itself', () => {
  const room = makeLogRoom(100);
  room.onFill({ bytes: 0, maxBytes: 1_000 * MIB, lastSequence: 10 });
  const before = room.runsMax();
  room.onCommit({ sequence: 10, bytes: 500 * MIB });
  expect(room.runsMax()).toBe(before);
  room.onCommit({ sequence: 11, bytes: 30 * MIB });
  room.onCommit({ sequence: 12, bytes: 30 * MIB });
  const after = room.runsMax();
  expect(before - after).toBeGreaterThanOrEqual(Math.floor((60 * MIB) / ATTEMPT_LOG_BYTES_MAX));
  room.onFill({ bytes: 30 * MIB, maxBytes: 1_000 * MIB, lastSequence: 11 });
  expect(room.runsMax()).toBe(after);
  room.onFill({ bytes: 60 * MIB, maxBytes: 1_000 * MIB, lastSequence: 12 });
  expect(room.runsMax()).toBe(after);
});

/** Reproducible: the same numbers in every run. */
const randoms = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
};

test.each([1, 2, 3, 4, 5, 6, 7, 8])('whatever runs write within their limit, no end is refused (%i)', (seed) => {
  const random = randoms(seed);
  const concurrentRunsMax = 1 + Math.floor(random() * 16);
  const maxBytes = Math.ceil((40 + random() * 400) * MIB);
  const rules = { maxBytes, concurrentRunsMax };
  const most = attemptBytes(rules);
  const room = makeLogRoom(concurrentRunsMax);
  let used = 0;
  let sequence = 0;
  let running: number[] = [];
  room.onFill({ bytes: 0, maxBytes, lastSequence: 0 });
  const write = (bytes: number): void => {
    used += bytes;
    sequence += 1;
    expect(used).toBeLessThanOrEqual(maxBytes);
    room.onCommit({ sequence, bytes });
  };
  for (let step = 0; step < 3_000; step += 1) {
    if (random() < 0.2) room.onFill({ bytes: used, maxBytes, lastSequence: sequence });
    const request = Math.floor(random() * MIB);
    if (maxBytes - used - neededBytes(rules, running.length, 0) > request) write(request);
    while (running.length < Math.min(concurrentRunsMax, room.runsMax())) running.push(most);
    const index = Math.floor(random() * running.length);
    const left = running[index];
    if (left === undefined) continue;
    const isEnd = random() < 0.5;
    const bytes = isEnd && random() < 0.7 ? left : Math.floor(left * random());
    write(bytes);
    running[index] = left - bytes;
    if (isEnd) running = running.filter((_, other) => other !== index);
  }
  expect(used).toBeGreaterThan(maxBytes * 0.5);
});
