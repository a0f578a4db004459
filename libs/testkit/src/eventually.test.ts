import { expect, test } from 'vitest';
import { eventually } from './eventually.ts';

test('gives what the assertion returns, as soon as it holds', async () => {
  let tries = 0;
  const value = await eventually(
    () => {
      tries += 1;
      expect(tries).toBeGreaterThan(2);
      return tries;
    },
    { intervalMs: 1 },
  );
  expect(value).toBe(3);
});

test('fails with the last error, and says how long it waited', async () => {
  const never = eventually(() => expect(1).toBe(2), { timeoutMs: 30, intervalMs: 5 });
  await expect(never).rejects.toThrow(/^not within 30 ms: expected 1 to be 2/);
});
