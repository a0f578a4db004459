import { DAY, SECOND } from '@millrace/kernel';
import { describe, expect, test } from 'vitest';
import { longestDelay, notBeforeOf } from './not-before.ts';

const nowMs = Date.UTC(2026, 10, 21, 18);
const log = { nowMs, logKeepsMs: 7 * DAY };

describe('when a run may start', () => {
  test('is at once without a wish, and when the time has passed', () => {
    expect(notBeforeOf(undefined, log)).toBeUndefined();
    expect(notBeforeOf({ inMs: 0 }, log)).toBeUndefined();
    expect(notBeforeOf({ atMs: nowMs }, log)).toBeUndefined();
    expect(notBeforeOf({ atMs: nowMs - DAY }, log)).toBeUndefined();
  });

  test('is an instant, however it was said', () => {
    expect(notBeforeOf({ inMs: 30 * SECOND }, log)).toBe('2026-11-21T18:00:30.000Z');
    expect(notBeforeOf({ atMs: nowMs + 1 }, log)).toBe('2026-11-21T18:00:00.001Z');
  });

  test('is within what the log keeps, with a rest for the run itself', () => {
    expect(notBeforeOf({ inMs: 6 * DAY }, log)).toBe('2026-11-27T18:00:00.000Z');
    expect(() => notBeforeOf({ inMs: 6 * DAY + 1 }, log)).toThrow(/later than this server can keep/);
    expect(() => notBeforeOf({ atMs: Number.MAX_SAFE_INTEGER }, log)).toThrow(/later than/);
    expect(() => notBeforeOf({ inMs: 7 * SECOND }, { nowMs, logKeepsMs: 7 * SECOND })).toThrow(/later than/);
  });

  test('is within a week before the log was asked, and within a year when it forgets nothing', () => {
    expect(longestDelay()).toBe(6 * DAY);
    expect(longestDelay(Number.POSITIVE_INFINITY)).toBe(365 * DAY);
  });
});
