/** Clocks on the wall: what time it is in a zone, from what the runtime knows of the IANA database. */
import { DAY, type Milliseconds, MINUTE, SECOND } from '@millrace/kernel';

const formats = new Map<string, Intl.DateTimeFormat>();

const formatOf = (zone: string): Intl.DateTimeFormat => {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'iso8601',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, format);
  }
  return format;
};

/** Whether a text names a time zone, such as `Europe/Berlin` or `UTC`. */
export const isTimeZone = (zone: string): boolean => {
  try {
    formatOf(zone);
    return true;
  } catch {
    return false; // RangeError: the runtime knows no such zone
  }
};

/** A time on the wall, as milliseconds that `Date.UTC` would give for it: comparable with others of the same zone, and nothing else. */
export type WallTime = number;

/** What the clocks of a zone show at an instant, to the second. */
export const wallTime = (zone: string, instantMs: number): WallTime => {
  const whole = Math.floor(instantMs / SECOND) * SECOND;
  const parts: Record<string, number> = {};
  for (const { type, value } of formatOf(zone).formatToParts(whole)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
};

const offsetAt = (zone: string, instantMs: number): Milliseconds =>
  wallTime(zone, instantMs) - Math.floor(instantMs / SECOND) * SECOND;

/** A piece of a day during which the clocks of a zone only go forward: `from` and `until` as they show it, instant = wall - offset. */
export interface Stretch {
  readonly from: WallTime;
  readonly until: WallTime;
  readonly offset: Milliseconds;
}

/** The first instant at which the offset is no longer what it was at `startMs`; it is so at `endMs`. */
const changeBetween = (zone: string, startMs: number, endMs: number): number => {
  const before = offsetAt(zone, startMs);
  let same = startMs;
  let other = endMs;
  while (other - same > SECOND) {
    const middle = same + Math.floor((other - same) / (2 * SECOND)) * SECOND;
    if (offsetAt(zone, middle) === before) same = middle;
    else other = middle;
  }
  return other;
};

/** Offsets are known to be at most so far from UTC. */
const OFFSET_MAX = 15 * 60 * MINUTE;

/**
 * The stretches of one day on the wall: one, or two where the clocks are moved during it; the first may be empty, when they are moved at midnight.
 *
 * @param midnight `Date.UTC` of year, month and day
 */
export const stretchesOf = (zone: string, midnight: WallTime): readonly Stretch[] => {
  const end = midnight + DAY;
  const first = offsetAt(zone, midnight - OFFSET_MAX);
  const last = offsetAt(zone, end + OFFSET_MAX);
  if (first === last) return [{ from: midnight, until: end, offset: first }];
  const change = changeBetween(zone, midnight - OFFSET_MAX, end + OFFSET_MAX);
  const before: Stretch = { from: midnight, until: Math.min(end, change + first), offset: first };
  const after: Stretch = { from: Math.max(midnight, change + last), until: end, offset: last };
  return [before, after].filter(({ from, until }) => from <= until);
};
