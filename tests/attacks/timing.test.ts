import { performance } from 'node:perf_hooks';
import { startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeToken, QUICK } from './platform.ts';
import { send } from './send.ts';

const SAMPLES = Number(process.env['MILLRACE_TEST_TIMING'] ?? 0);
/** Beyond it two samples are said to differ. */
const T_MAX = 4.5;
/** The slowest share of all answers says more about the machine than about the server. */
const KEPT = 0.9;

const meanAndVariance = (values: readonly number[]): readonly [number, number, number] => {
  const kept = values.toSorted((a, b) => a - b).slice(0, Math.floor(values.length * KEPT));
  const mean = kept.reduce((sum, value) => sum + value, 0) / kept.length;
  const variance = kept.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (kept.length - 1);
  return [mean, variance, kept.length];
};

/** Welch's t of two samples. */
const welch = (a: readonly number[], b: readonly number[]): number => {
  const [meanA, varianceA, countA] = meanAndVariance(a);
  const [meanB, varianceB, countB] = meanAndVariance(b);
  return (meanA - meanB) / Math.sqrt(varianceA / countA + varianceB / countB);
};

// That time tells nothing is so by construction, which unit tests show. This is the measurement, for a quiet machine.
describe.skipIf(SAMPLES === 0)('A6: measured, with MILLRACE_TEST_TIMING=10000', () => {
  let platform: TestPlatform;
  beforeAll(async () => {
    platform = await startTestPlatform({ workflows: { 'attack/mine.sh': QUICK } });
  });
  afterAll(() => platform.stop());

  test(
    'a guess that is nearly right takes as long as one that is not',
    async () => {
      const token = await makeToken(platform.http, 'read');
      const near = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`;
      const far = `X${near.slice(1)}`;
      const times: Record<string, number[]> = { [near]: [], [far]: [] };
      for (let sample = 0; sample < SAMPLES; sample += 1) {
        // Below what slows guesses down, from ever new addresses, one kind after the other.
        const from = `127.${6 + (sample >> 14)}.${(sample >> 6) & 255}.${1 + (sample & 63)}`;
        for (const [guess, taken] of Object.entries(times)) {
          const began = performance.now();
          await send(platform.url, { path: '/runs', from, headers: { authorization: `Bearer ${guess}` } });
          taken.push(performance.now() - began);
        }
      }
      expect(Math.abs(welch(times[near] ?? [], times[far] ?? []))).toBeLessThan(T_MAX);
    },
    SAMPLES * 20 + 60_000,
  );
});
