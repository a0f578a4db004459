import { failedError, syntaxError } from './condition-error.ts';

/** A moment with the offset in which its day and its time of day are meant. */
export interface ZonedMoment {
  /** Milliseconds since the epoch. */
  readonly epochMs: number;
  readonly offsetMs: number;
}

export const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;

const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)(?:\[[\w/+-]+\])?$/;
const TIME = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3})\d{0,6})?)?(Z|[+-]\d\d:?\d\d)$/;

const offsetIn = (text: string): number => {
  if (text === 'Z') return 0;
  const minutes = Number(text.slice(1, 3)) * 60 + Number(text.slice(-2));
  return (text.startsWith('-') ? -minutes : minutes) * MINUTE_MS;
};

const dateTimeOf = (text: string): ZonedMoment | undefined => {
  const match = DATE_TIME.exec(text.trim());
  if (match === null) return undefined;
  const epochMs = Date.parse(text.trim().replace(/\[.*$/, ''));
  return Number.isNaN(epochMs) ? undefined : { epochMs, offsetMs: offsetIn(match[1] ?? 'Z') };
};

/** At deploy. @throws AppError `condition.syntax`. */
export const writtenDateTime = (text: string, where: string): number => {
  const moment = dateTimeOf(text);
  if (moment === undefined) throw syntaxError(`${where}: a date with a time and an offset, as 2026-11-21T10:00:00Z`);
  return moment.epochMs;
};

/** Of a request. @throws AppError `condition.failed`. */
export const givenDateTime = (text: string): ZonedMoment => {
  const moment = dateTimeOf(text);
  if (moment === undefined) throw failedError('the date of the condition is not a date with a time and an offset');
  return moment;
};

/**
 * Milliseconds since midnight UTC; may lie outside of one day, as Java compares times with an offset as moments of one day.
 *
 * @throws AppError `condition.syntax`.
 */
export const writtenTime = (text: string, where: string): number => {
  const match = TIME.exec(text.trim());
  if (match === null) throw syntaxError(`${where}: a time with an offset, as 16:19:12+02:00`);
  const [, hours, minutes, seconds = '0', fraction = '', offset = 'Z'] = match;
  const local = (Number(hours) * 60 + Number(minutes)) * MINUTE_MS + Number(seconds) * 1_000;
  return local + Number(fraction.padEnd(3, '0')) - offsetIn(offset);
};

const localMs = ({ epochMs, offsetMs }: ZonedMoment): number => epochMs + offsetMs;

/** As {@link writtenTime}. */
export const timeOfDay = (moment: ZonedMoment): number => {
  const local = localMs(moment);
  return local - Math.floor(local / DAY_MS) * DAY_MS - moment.offsetMs;
};

const DAYS = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const;
export type DayName = (typeof DAYS)[number];

export const isDayName = (text: string): text is DayName => (DAYS as readonly string[]).includes(text);

export const dayNameOf = (moment: ZonedMoment): DayName => DAYS[new Date(localMs(moment)).getUTCDay()] ?? 'SUNDAY';

const WEEK_DAYS = 7;

/** Whether it is the first, second … (from 1) or the last (`'LAST'`) such weekday of its month. */
export const isNthOfMonth = (moment: ZonedMoment, nth: number | 'LAST'): boolean => {
  const local = new Date(localMs(moment));
  const day = local.getUTCDate();
  if (nth !== 'LAST') return Math.ceil(day / WEEK_DAYS) === nth;
  return new Date(localMs(moment) + WEEK_DAYS * DAY_MS).getUTCMonth() !== local.getUTCMonth();
};
