import { describe, expect, test } from 'vitest';
import { makeRound } from './delete-after-use.ts';

const GRACE = 60;

const makeBed = (keys: readonly string[]) => {
  const there = new Set(keys);
  const open = new Set<string>();
  let now = 0;
  let caughtUp = 0;
  const log = { debug: () => undefined } as never;
  const round = makeRound({
    keys: { list: async () => [...there], erase: async (runId) => there.delete(runId) },
    caughtUp: async () => void (caughtUp += 1),
    isOpen: (runId) => open.has(runId),
    graceMs: GRACE,
    clock: { monotonic: () => now },
    log,
  });
  return { there, open, caughtUp: () => caughtUp, at: (time: number) => ((now = time), round()) };
};

describe('keys of runs that are deleted after use', () => {
  test('stay while their run is open, and a grace period longer', async () => {
    const bed = makeBed(['a']);
    bed.open.add('a');
    for (const time of [0, 100, 1_000]) await bed.at(time);
    bed.open.delete('a');
    await bed.at(2_000);
    await bed.at(2_000 + GRACE - 1);
    expect([...bed.there]).toEqual(['a']);
    await bed.at(2_000 + GRACE);
    expect([...bed.there]).toEqual([]);
  });

  test('of a request that was never recorded go too, but not before it could have been', async () => {
    const bed = makeBed(['a', 'b']);
    await bed.at(0);
    bed.open.add('b'); // recorded meanwhile
    await bed.at(GRACE);
    expect([...bed.there]).toEqual(['b']);
  });

  test('cost nothing while there are none', async () => {
    const bed = makeBed([]);
    await bed.at(0);
    expect(bed.caughtUp()).toBe(0);
  });
});
