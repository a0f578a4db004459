/** A seeded generator (mulberry32): the same seed gives the same faults at the same places. */
export const makeRandom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** `MILLRACE_TEST_SEED`, or one of this moment; printed, so that a failure can be repeated. */
export const chooseSeed = (): number => {
  const seed = Number(process.env['MILLRACE_TEST_SEED'] ?? Date.now() % 2 ** 31);
  process.stdout.write(`seed=${seed}\n`);
  return seed;
};
