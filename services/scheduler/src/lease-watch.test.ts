import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { type LeaseWatch, makeLeaseWatch, PAUSE_MAX_MS } from './lease-watch.ts';

let own: number;
let last: number | undefined;
let isAway: boolean;
let lost: number;
let watch: LeaseWatch;

beforeEach(() => {
  [own, last, isAway, lost] = [5, 5, false, 0];
  watch = makeLeaseWatch({
    ownSequence: () => own,
    readLastSequence: async () => {
      if (isAway) throw new Error('away');
      return last;
    },
    onLost: () => (lost += 1),
    nowMs: 0,
  });
});

const checkAt = async (nowMs: number): Promise<boolean> => {
  watch.check(nowMs);
  await turn();
  return watch.isTrusted(nowMs);
};

describe('lease watch', () => {
  test('trusts itself while nothing happens', async () => {
    watch.onLease(5);
    expect([watch.isTrusted(PAUSE_MAX_MS), await checkAt(500), await checkAt(1_000), lost]).toEqual([
      true,
      true,
      true,
      0,
    ]);
  });

  test('after a pause it is in doubt before anybody asks, until the log says that it leads', async () => {
    expect(watch.isTrusted(PAUSE_MAX_MS + 1)).toBe(false);
    isAway = true;
    expect(await checkAt(PAUSE_MAX_MS + 1)).toBe(false);
    isAway = false;
    expect([await checkAt(PAUSE_MAX_MS + 2), lost]).toEqual([true, 0]);
  });

  test('its own renewal, read before it was acknowledged, costs a moment of doubt', async () => {
    watch.onLease(9);
    last = 9;
    expect(await checkAt(500)).toBe(false);
    own = 9;
    expect([await checkAt(1_000), lost]).toEqual([true, 0]);
  });

  test('the lease of another ends it', async () => {
    watch.onLease(9);
    last = 9;
    for (const nowMs of [500, 1_000, 2_000, 3_000]) expect(await checkAt(nowMs)).toBe(false);
    expect(await checkAt(4_000)).toBe(false);
    expect(lost).toBeGreaterThan(0);
  });
});
