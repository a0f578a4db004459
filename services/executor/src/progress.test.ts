import { PROGRESS_EVENTS_MAX, PROGRESS_MESSAGE_BYTES_MAX } from '@millrace/contracts';
import { DAY, MINUTE, SECOND } from '@millrace/kernel';
import { eventually } from '@millrace/testkit';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { makeProgressGate, type ProgressReport } from './progress.ts';
import { writtenBytes } from './written-size.ts';

const begin = (
  monotonic: () => number = () => 0,
): { readonly gate: ReturnType<typeof makeProgressGate>; readonly passed: ProgressReport[] } => {
  const passed: ProgressReport[] = [];
  return { gate: makeProgressGate({ now: () => 0, monotonic }, (report) => passed.push(report)), passed };
};

test('the first report passes at once, of those within 100 ms only the last', async () => {
  const { gate, passed } = begin();
  for (const percent of [1, 2, 3]) gate.report({ percent });
  expect(passed).toEqual([{ percent: 1 }]);
  await eventually(() => expect(passed).toEqual([{ percent: 1 }, { percent: 3 }]));
});

test('the last report is delivered when the run ends, and none after it', () => {
  const { gate, passed } = begin();
  for (const percent of [1, 2]) gate.report({ percent });
  gate.close();
  gate.report({ percent: 3 });
  expect(passed).toEqual([{ percent: 1 }, { percent: 2 }]);
});

test('a long message is cut', () => {
  const { gate, passed } = begin();
  gate.report({ percent: 1, message: '\u0001'.repeat(1_000) });
  expect(writtenBytes(passed[0]?.message)).toBeLessThanOrEqual(PROGRESS_MESSAGE_BYTES_MAX);
});

describe('an attempt that reports without end', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Reports so often for so long; how many have passed at the end of each stretch. */
  const reportFor = (stretches: readonly (readonly [totalMs: number, everyMs: number])[]) => {
    vi.useFakeTimers();
    const { gate, passed } = begin(() => Date.now());
    let percent = 0;
    const counts = stretches.map(([totalMs, everyMs]) => {
      for (let at = 0; at < totalMs; at += everyMs) {
        gate.report({ percent: (percent += 1) });
        vi.advanceTimersByTime(everyMs);
      }
      return passed.length;
    });
    gate.close();
    return { counts, passed, percent };
  };

  test('is shown ten times a second at first, then once in a hundredth of its time', () => {
    const { counts } = reportFor([
      [50 * SECOND, 25],
      [9 * MINUTE, 500],
    ]);
    expect(counts[0]).toBeGreaterThanOrEqual(490);
    expect(counts[0]).toBeLessThanOrEqual(501);
    expect((counts[1] ?? 0) - (counts[0] ?? 0)).toBeGreaterThan(200);
    expect((counts[1] ?? 0) - (counts[0] ?? 0)).toBeLessThan(260);
  });

  test('stays within its limit for the longest time that there is, and its last report is recorded', () => {
    const { counts, passed, percent } = reportFor([
      [MINUTE, 50],
      [60 * MINUTE, SECOND],
      [7 * DAY, 30 * SECOND],
    ]);
    expect(counts[2]).toBeGreaterThan(1_000);
    expect(passed.length).toBeLessThanOrEqual(PROGRESS_EVENTS_MAX);
    expect(passed.at(-1)).toEqual({ percent });
  });

  test('is cut off before its limit where time does not pass as it should, but for the last report', () => {
    let now = 1_000_000;
    const { gate, passed } = begin(() => (now *= 1.02));
    for (let percent = 1; percent <= 2_000; percent += 1) gate.report({ percent });
    gate.close();
    expect(passed.length).toBe(PROGRESS_EVENTS_MAX);
    expect(passed.at(-1)).toEqual({ percent: 2_000 });
  });
});
