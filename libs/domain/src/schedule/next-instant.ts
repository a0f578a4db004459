/**
 * When a schedule is due. Days on which the clocks are moved are handled as `Temporal` does it by default: a time that is left out comes
 * as much later as the clocks were moved, a time that comes twice counts the first time. So `30 2 * * *` fires once on every day. A schedule
 * for every hour goes by the time that passes instead: nothing is left out, and what comes twice is due twice.
 */
import { DAY, HOUR, MINUTE, SECOND } from '@millrace/kernel';
import { type CronExpression, type FieldValues } from './cron-expression.ts';
import { type Stretch, stretchesOf, wallTime, type WallTime } from './zone.ts';

/** Every day of a leap year and of the week meets once in so many years. */
const YEARS_AHEAD = 30;
const DAYS_AHEAD = YEARS_AHEAD * 366;

export interface Schedule {
  readonly cron: CronExpression;
  /** IANA name. */
  readonly timezone: string;
}

const midnightOf = (wall: WallTime): WallTime => Math.floor(wall / DAY) * DAY;

const isDayOf = ({ months, matchesDay }: CronExpression, midnight: WallTime): boolean => {
  const date = new Date(midnight);
  return months.has(date.getUTCMonth() + 1) && matchesDay(date.getUTCDate(), date.getUTCDay());
};

const firstFrom = (values: FieldValues, least: number): number | undefined => values.find((value) => value >= least);

/** The first time of a matching day from `from` on, before `until`; `undefined` when there is none. */
const firstWall = (cron: CronExpression, midnight: WallTime, from: WallTime, until: WallTime): WallTime | undefined => {
  for (const hour of cron.hours) {
    const hourStart = midnight + hour * HOUR;
    if (hourStart + HOUR <= from) continue;
    if (hourStart >= until) return undefined;
    for (const minute of cron.minutes) {
      const minuteStart = hourStart + minute * MINUTE;
      if (minuteStart + MINUTE <= from) continue;
      const second = firstFrom(cron.seconds, Math.ceil((from - minuteStart) / SECOND));
      if (second === undefined) continue;
      const wall = minuteStart + second * SECOND;
      return wall < until ? wall : undefined;
    }
  }
  return undefined;
};

/** What the clocks show in a stretch, and, by the clock on the wall, what they leave out behind it; never what they showed before. */
const spanOf = (stretches: readonly Stretch[], index: number, { isEveryHour }: CronExpression) => {
  const { from = 0, until = 0 } = stretches[index] ?? {};
  const earlier = stretches[index - 1];
  const later = stretches[index + 1];
  if (isEveryHour) return { from, until };
  return {
    from: earlier === undefined ? from : Math.max(from, earlier.until),
    until: later === undefined ? until : Math.max(until, later.from),
  };
};

/** The first instant of one day behind `afterMs`. */
const nextOfDay = ({ cron, timezone }: Schedule, midnight: WallTime, afterMs: number): number | undefined => {
  const stretches = stretchesOf(timezone, midnight);
  const found = stretches.flatMap(({ offset }, index) => {
    const { from, until } = spanOf(stretches, index, cron);
    // whole seconds: the first one behind the instant
    const behind = Math.floor(afterMs / SECOND) * SECOND + SECOND + offset;
    const wall = firstWall(cron, midnight, Math.max(from, behind), until);
    return wall === undefined ? [] : [wall - offset];
  });
  return found.length === 0 ? undefined : Math.min(...found);
};

/** The first instant behind `afterMs` at which the schedule is due, in milliseconds since the epoch; `undefined`: never again. */
export const nextInstant = (schedule: Schedule, afterMs: number): number | undefined => {
  const { cron, timezone } = schedule;
  // what was left out yesterday may be due today
  const start = midnightOf(wallTime(timezone, afterMs)) - DAY;
  for (let day = 0; day < DAYS_AHEAD; day += 1) {
    const midnight = start + day * DAY;
    if (!isDayOf(cron, midnight)) continue;
    const instant = nextOfDay(schedule, midnight, afterMs);
    if (instant !== undefined) return instant;
  }
  return undefined;
};

/** How far back the last instant is looked for at first, and then: so that a schedule for every second is not counted through. */
const WINDOWS = [MINUTE, HOUR, DAY, 8 * DAY, 32 * DAY, 367 * DAY];

/** The last instant at or before `nowMs` and behind `baselineMs`; `undefined` when there was none. */
export const lastInstant = (schedule: Schedule, baselineMs: number, nowMs: number): number | undefined => {
  for (const window of [...WINDOWS, Number.POSITIVE_INFINITY]) {
    const from = Math.max(baselineMs, nowMs - window);
    let last: number | undefined;
    let next = nextInstant(schedule, from);
    while (next !== undefined && next <= nowMs) {
      last = next;
      next = nextInstant(schedule, next);
    }
    if (last !== undefined || from === baselineMs) return last;
  }
  return undefined;
};
