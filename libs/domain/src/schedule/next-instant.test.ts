import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCron } from './cron-expression.ts';
import { lastInstant, nextInstant } from './next-instant.ts';
import { isTimeZone, wallTime } from './zone.ts';

const at = (text: string): number => Date.parse(text);
const iso = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : new Date(ms).toISOString());

/** The first instants of a schedule behind a time. */
const instants = (cron: string, timezone: string, after: string, count: number): (string | undefined)[] => {
  const schedule = { cron: parseCron(cron), timezone };
  const found: (string | undefined)[] = [];
  let ms: number | undefined = at(after);
  while (found.length < count && ms !== undefined) {
    ms = nextInstant(schedule, ms);
    found.push(iso(ms));
  }
  return found;
};

describe('the next instant', () => {
  test('is behind the time that is asked for, to the second', () => {
    expect(instants('0 3 * * *', 'UTC', '2026-11-21T03:00:00Z', 1)).toEqual(['2026-11-22T03:00:00.000Z']);
    expect(instants('0 3 * * *', 'UTC', '2026-11-21T02:59:59.999Z', 1)).toEqual(['2026-11-21T03:00:00.000Z']);
    expect(instants('* * * * * *', 'UTC', '2026-11-21T03:00:00.001Z', 2)).toEqual([
      '2026-11-21T03:00:01.000Z',
      '2026-11-21T03:00:02.000Z',
    ]);
  });

  test('goes by the clocks of the zone', () => {
    expect(instants('0 3 * * *', 'Europe/Berlin', '2026-07-01T12:00:00Z', 1)).toEqual(['2026-07-02T01:00:00.000Z']);
    expect(instants('0 3 * * *', 'Europe/Berlin', '2026-12-01T12:00:00Z', 1)).toEqual(['2026-12-02T02:00:00.000Z']);
    expect(instants('0 9 * * mon', 'Asia/Kolkata', '2026-11-21T00:00:00Z', 1)).toEqual(['2026-11-23T03:30:00.000Z']);
    expect(instants('30 0 * * *', 'Pacific/Kiritimati', '2026-11-21T00:00:00Z', 1)).toEqual([
      '2026-11-21T10:30:00.000Z',
    ]);
  });

  test('finds rare days, and says so where there is none', () => {
    expect(instants('0 0 29 2 *', 'UTC', '2026-01-01T00:00:00Z', 1)).toEqual(['2028-02-29T00:00:00.000Z']);
    expect(instants('0 0 30 2 *', 'UTC', '2026-01-01T00:00:00Z', 1)).toEqual([undefined]);
  });

  test('a time that is left out comes as much later as the clocks were moved, and no day is without it', () => {
    expect(instants('30 2 * * *', 'Europe/Berlin', '2026-03-28T00:00:00Z', 3)).toEqual([
      '2026-03-28T01:30:00.000Z',
      '2026-03-29T01:30:00.000Z', // 03:30, because there is no 02:30
      '2026-03-30T00:30:00.000Z',
    ]);
  });

  test('a time that comes twice counts the first time only', () => {
    expect(instants('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ]);
  });

  test('midnight that is left out comes an hour later', () => {
    // Cairo moves its clocks from 00:00 to 01:00 on the last Friday of April
    expect(instants('0 0 * * *', 'Africa/Cairo', '2026-04-23T12:00:00Z', 2)).toEqual([
      '2026-04-23T22:00:00.000Z',
      '2026-04-24T21:00:00.000Z',
    ]);
  });

  test('a schedule for every hour goes by the time that passes', () => {
    expect(instants('30 * * * *', 'Europe/Berlin', '2026-03-29T00:00:00Z', 3)).toEqual([
      '2026-03-29T00:30:00.000Z',
      '2026-03-29T01:30:00.000Z',
      '2026-03-29T02:30:00.000Z',
    ]);
    expect(instants('30 * * * *', 'Europe/Berlin', '2026-10-25T00:00:00Z', 3)).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-25T01:30:00.000Z',
      '2026-10-25T02:30:00.000Z',
    ]);
  });

  test('half hours of difference are as good as whole ones', () => {
    // Lord Howe Island moves its clocks by half an hour: from 02:00 to 02:30 on the first Sunday of October
    expect(instants('10 2 * * *', 'Australia/Lord_Howe', '2026-10-03T00:00:00Z', 2)).toEqual([
      '2026-10-03T15:40:00.000Z',
      '2026-10-04T15:10:00.000Z',
    ]);
  });

  test('rises, and shows the minute that was asked for unless that was left out', () => {
    const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu');
    const start = fc.integer({ min: at('2020-01-01T00:00:00Z'), max: at('2035-01-01T00:00:00Z') });
    fc.assert(
      fc.property(zone, start, fc.nat(59), fc.nat(23), (timezone, startMs, minute, hour) => {
        const next = nextInstant({ cron: parseCron(`${minute} ${hour} * * *`), timezone }, startMs) ?? 0;
        expect(next).toBeGreaterThan(startMs);
        expect(next - startMs).toBeLessThanOrEqual(26 * 3_600_000);
        const shown = new Date(wallTime(timezone, next));
        const isMoved = shown.getUTCHours() !== hour || shown.getUTCMinutes() !== minute;
        if (isMoved)
          expect(wallTime(timezone, next) - wallTime(timezone, next - 3 * 3_600_000)).not.toBe(3 * 3_600_000);
      }),
    );
  });
});

describe('the last instant', () => {
  const everySecond = { cron: parseCron('* * * * * *'), timezone: 'UTC' };
  const daily = { cron: parseCron('0 3 * * *'), timezone: 'UTC' };

  test('is the latest one that has come', () => {
    expect(iso(lastInstant(daily, at('2026-01-01T00:00:00Z'), at('2026-11-21T03:00:00Z')))).toBe(
      '2026-11-21T03:00:00.000Z',
    );
    expect(iso(lastInstant(daily, at('2026-01-01T00:00:00Z'), at('2026-11-21T02:59:59Z')))).toBe(
      '2026-11-20T03:00:00.000Z',
    );
    expect(iso(lastInstant(everySecond, 0, at('2026-11-21T02:59:59.500Z')))).toBe('2026-11-21T02:59:59.000Z');
  });

  test('is none when there was none behind the baseline', () => {
    expect(lastInstant(daily, at('2026-11-21T03:00:00Z'), at('2026-11-21T12:00:00Z'))).toBeUndefined();
    expect(lastInstant(daily, at('2026-11-21T12:00:00Z'), at('2026-11-21T12:00:00Z'))).toBeUndefined();
  });
});

test('knows time zones, and what is none', () => {
  expect(['UTC', 'Europe/Berlin', 'Etc/GMT+5'].map(isTimeZone)).toEqual([true, true, true]);
  expect(['', 'Europe/Berln', 'CEST?', 'local'].map(isTimeZone)).toEqual([false, false, false, false]);
});
