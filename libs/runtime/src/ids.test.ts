import { isRunId } from '@millrace/contracts';
import { describe, expect, test } from 'vitest';
import { makeIds, sha256Hex } from './ids.ts';

const clockOf = (times: readonly number[]) => {
  let index = 0;
  return { now: () => times[Math.min(index++, times.length - 1)] ?? 0, monotonic: () => 0 };
};
const timeOf = (id: string): number => Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);

describe('run ids', () => {
  test('sort in the order in which they were made, within one millisecond and over many', () => {
    const ids = makeIds();
    const made = Array.from({ length: 50_000 }, ids.runId);
    expect(made).toEqual([...made].sort());
    expect(new Set(made).size).toBe(made.length);
    expect(made.every(isRunId)).toBe(true);
  });

  test('keep their order when the clock is set back', () => {
    const ids = makeIds(clockOf([5_000, 4_000, 6_000]));
    const made = [ids.runId(), ids.runId(), ids.runId()];
    expect(made).toEqual([...made].sort());
    expect(made.map(timeOf)).toEqual([5_000, 5_000, 6_000]);
  });

  test('borrow the next millisecond when one has no room left', () => {
    const ids = makeIds(clockOf([7_000]));
    const made = Array.from({ length: 10_000 }, ids.runId);
    expect(made).toEqual([...made].sort());
    expect(new Set(made.map(timeOf)).size).toBeGreaterThan(1);
  });
});

test('ids of one kind never repeat', () => {
  const ids = makeIds();
  for (const make of [ids.eventId, ids.spanId, ids.traceId, ids.tokenSecret, ids.shortId]) {
    expect(new Set(Array.from({ length: 5_000 }, make)).size).toBe(5_000);
  }
  expect(ids.spanId()).toMatch(/^[0-9a-f]{16}$/);
  expect(ids.traceId()).toMatch(/^[0-9a-f]{32}$/);
});

test('a token names its id, and what is kept of it is its hash', () => {
  const { id, token, sha256 } = makeIds().newToken();
  expect(token).toMatch(new RegExp(`^mr_${id}_[0-9a-f]{64}$`));
  expect(sha256).toBe(sha256Hex(token));
  expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});
