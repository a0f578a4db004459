import { setTimeout as delay } from 'node:timers/promises';

export interface EventuallyOptions {
  /** 20 s by default: a limit for a machine with much to do, nothing waits for it. */
  readonly timeoutMs?: number;
  /** 20 ms by default. */
  readonly intervalMs?: number;
}

/**
 * Repeats an assertion until it holds, and gives what it returned. When time is up, fails with its last error: the way to wait in a test.
 */
export const eventually = async <Value>(
  assertion: () => Value | Promise<Value>,
  { timeoutMs = 20_000, intervalMs = 20 }: EventuallyOptions = {},
): Promise<Value> => {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (performance.now() < deadline) await delay(intervalMs);
      else if (error instanceof Error) {
        error.message = `not within ${timeoutMs} ms: ${error.message}`;
        throw error;
      } else throw error;
    }
  }
};
