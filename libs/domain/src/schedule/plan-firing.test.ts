import { describe, expect, test } from 'vitest';
import { parseCron } from './cron-expression.ts';
import { planFiring } from './plan-firing.ts';

const at = (text: string): number => Date.parse(text);
const schedule = { cron: parseCron('0 3 * * *'), timezone: 'UTC' };
const plan = (baseline: string, now: string, catchUp: 'latest' | 'none' = 'latest') => {
  const { due, next } = planFiring({ schedule, catchUp, baselineMs: at(baseline), nowMs: at(now) });
  return [due, next].map((ms) => (ms === undefined ? undefined : new Date(ms).toISOString()));
};

describe('what a schedule has to do', () => {
  test('nothing before its time', () => {
    expect(plan('2026-11-21T00:00:00Z', '2026-11-21T02:59:59Z')).toEqual([undefined, '2026-11-21T03:00:00.000Z']);
  });

  test.each(['latest', 'none'] as const)('one run at its time, and a moment later, with catch_up %s', (catchUp) => {
    for (const now of ['2026-11-21T03:00:00.000Z', '2026-11-21T03:00:59Z']) {
      expect(plan('2026-11-20T03:00:00Z', now, catchUp)).toEqual([
        '2026-11-21T03:00:00.000Z',
        '2026-11-22T03:00:00.000Z',
      ]);
    }
  });

  test('nothing again once it has fired', () => {
    expect(plan('2026-11-21T03:00:00Z', '2026-11-21T03:00:01Z')).toEqual([undefined, '2026-11-22T03:00:00.000Z']);
  });

  test('after a time without anybody one run for the last instant, or none', () => {
    expect(plan('2026-11-01T03:00:00Z', '2026-11-21T08:00:00Z')).toEqual([
      '2026-11-21T03:00:00.000Z',
      '2026-11-22T03:00:00.000Z',
    ]);
    expect(plan('2026-11-01T03:00:00Z', '2026-11-21T08:00:00Z', 'none')).toEqual([
      undefined,
      '2026-11-22T03:00:00.000Z',
    ]);
  });

  test('nothing for instants before it was in service, also when clocks disagree', () => {
    expect(plan('2026-11-21T07:00:00Z', '2026-11-21T08:00:00Z')[0]).toBeUndefined();
    expect(plan('2026-11-21T09:00:00Z', '2026-11-21T08:00:00Z')[0]).toBeUndefined();
  });
});
