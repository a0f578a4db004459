import { expect, test } from 'vitest';
import { REFUSAL_FRESH_MS } from '../limits.ts';
import { makeLogRoom, requestBytes, reserveOf } from './log-room.ts';

const MIB = 1_048_576;
const MAX = 100 * MIB;
const KEPT = reserveOf(MAX);

/** A log of 100 MiB with this much used, and a clock that is set by hand. */
const given = (usedBytes: number) => {
  const clock = { ms: 1_000_000 };
  const room = makeLogRoom(() => clock.ms);
  room.onFill({ bytes: usedBytes, maxBytes: MAX });
  return { room, clock };
};

test('before the log has said how full it is, nothing is refused', () => {
  const room = makeLogRoom(() => 0);
  expect(() => room.take(8 * MIB)).not.toThrow();
  expect(room.state().isFull).toBe(false);
});

test('the sum of what is used, needed, taken and kept never exceeds the log', () => {
  const { room } = given(10 * MIB);
  room.onNeeded(20 * MIB, 0);
  let taken = 0;
  for (;;) {
    try {
      room.take(100_000);
    } catch (error) {
      expect(error).toMatchObject({ kind: 'unavailable', code: 'log.full', retryAfterSeconds: 5 });
      break;
    }
    taken += requestBytes(100_000);
    expect(10 * MIB + 20 * MIB + KEPT + taken).toBeLessThanOrEqual(MAX);
  }
  expect(10 * MIB + 20 * MIB + KEPT + taken + requestBytes(100_000)).toBeGreaterThan(MAX);
  expect(room.state()).toMatchObject({ bytes: 10 * MIB, neededBytes: 20 * MIB + taken });
});

test('what was taken counts until an answer that was asked for after the append must be over', () => {
  const { room, clock } = given(0);
  room.take(MIB);
  const taken = requestBytes(MIB);
  room.onNeeded(0, clock.ms + 1);
  expect(room.state().neededBytes).toBe(taken);
  clock.ms += 1_000;
  room.take(MIB);
  room.onNeeded(0, clock.ms + 900);
  expect(room.state().neededBytes).toBe(2 * taken);
  room.onNeeded(7, clock.ms + 1_500);
  expect(room.state().neededBytes).toBe(7 + taken);
  room.onNeeded(7, clock.ms + 3_000);
  expect(room.state().neededBytes).toBe(7);
});

test('a refused large request makes the state full only for a while, when small ones still fit', () => {
  const { room, clock } = given(MAX - KEPT - MIB);
  expect(room.state().isFull).toBe(false);
  expect(() => room.take(MIB)).toThrow('the log is full');
  expect(room.state().isFull).toBe(true);
  expect(() => room.take(1_000)).not.toThrow();
  clock.ms += REFUSAL_FRESH_MS;
  expect(room.state().isFull).toBe(false);
});

test('the state is full for as long as no request fits, and no longer', () => {
  const { room, clock } = given(MAX - KEPT - 1_000);
  clock.ms += 60_000;
  expect(room.state().isFull).toBe(true);
  room.onFill({ bytes: MIB, maxBytes: MAX });
  expect(room.state().isFull).toBe(false);
});
