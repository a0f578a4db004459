/**
 * Cron expressions: `minute hour day-of-month month day-of-week`, with a field for seconds in front if there are six. A field is `*`, a
 * number, a name (`mon`, `jan`), a range `a-b`, a step (`*` + `/n`, `a-b/n`) or a list of these. Sunday is 0 or 7. Where both days are
 * restricted, either may match, as everywhere since Vixie cron.
 */
import { AppError } from '@millrace/kernel';

/** What a field lets pass; sorted. */
export type FieldValues = readonly number[];

export interface CronExpression {
  readonly seconds: FieldValues;
  readonly minutes: FieldValues;
  readonly hours: FieldValues;
  /** The hour is `*` or a step of it: the schedule goes by the time that passes, not by the clock on the wall. */
  readonly isEveryHour: boolean;
  readonly months: ReadonlySet<number>;
  /** Whether a day of the month (1 to 31) and of the week (0 to 6, from Sunday) matches. */
  readonly matchesDay: (dayOfMonth: number, dayOfWeek: number) => boolean;
}

interface Bounds {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const SECOND: Bounds = { name: 'second', min: 0, max: 59 };
const MINUTE: Bounds = { name: 'minute', min: 0, max: 59 };
const HOUR: Bounds = { name: 'hour', min: 0, max: 23 };
const DAY_OF_MONTH: Bounds = { name: 'day of month', min: 1, max: 31 };
const MONTH: Bounds = { name: 'month', min: 1, max: 12, names: MONTHS };
const DAY_OF_WEEK: Bounds = { name: 'day of week', min: 0, max: 7, names: DAYS };
const SUNDAY_TOO = 7;
const TEXT_MAX = 200;

const ALIASES: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
]);

const invalid = (reason: string): AppError => new AppError('invalid', 'cron.invalid', reason);

const valueOf = (text: string, { name, min, max, names = [] }: Bounds): number => {
  const byName = names.indexOf(text.toLowerCase());
  if (byName >= 0) return byName + (min === 1 ? 1 : 0);
  const value = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw invalid(`${name} "${text}" is not between ${min} and ${max}`);
};

/** First and last value of one item, before its step. */
const spanOf = (range: string, hasStep: boolean, bounds: Bounds): readonly [number, number] => {
  if (range === '*') return [bounds.min, bounds.name === 'day of week' ? bounds.max - 1 : bounds.max];
  const [low = '', high, ...rest] = range.split('-');
  if (rest.length > 0) throw invalid(`${bounds.name} "${range}" has too many hyphens`);
  const first = valueOf(low, bounds);
  if (high === undefined) return [first, hasStep ? bounds.max : first];
  const last = valueOf(high, bounds);
  if (last < first) throw invalid(`${bounds.name} "${range}" ends before it begins`);
  return [first, last];
};

const itemValues = (item: string, bounds: Bounds): readonly number[] => {
  const [range = '', stepText, ...rest] = item.split('/');
  const step = stepText === undefined ? 1 : Number(/^\d{1,2}$/.test(stepText) ? stepText : 0);
  if (rest.length > 0 || step === 0) throw invalid(`${bounds.name} "${item}" has no step that can be used`);
  const [first, last] = spanOf(range, stepText !== undefined, bounds);
  const values: number[] = [];
  for (let value = first; value <= last; value += step) values.push(value);
  return values;
};

const fieldValues = (text: string, bounds: Bounds): FieldValues => {
  const values = new Set(text.split(',').flatMap((item) => itemValues(item, bounds)));
  return [...values].toSorted((a, b) => a - b);
};

const isWild = (text: string): boolean => text.startsWith('*');

const dayRule = (dayOfMonth: string, dayOfWeek: string): CronExpression['matchesDay'] => {
  const inMonth = new Set(fieldValues(dayOfMonth, DAY_OF_MONTH));
  const inWeek = new Set(fieldValues(dayOfWeek, DAY_OF_WEEK).map((day) => (day === SUNDAY_TOO ? 0 : day)));
  const isEither = !isWild(dayOfMonth) && !isWild(dayOfWeek);
  return (monthDay, weekDay) =>
    isEither ? inMonth.has(monthDay) || inWeek.has(weekDay) : inMonth.has(monthDay) && inWeek.has(weekDay);
};

/** Six fields, the first of which is seconds. */
const fieldsOf = (text: string): readonly string[] => {
  const trimmed = text.trim();
  const fields = (ALIASES.get(trimmed.toLowerCase()) ?? trimmed).split(/\s+/);
  if (trimmed.length <= TEXT_MAX && fields.length === 5) return ['0', ...fields];
  if (trimmed.length <= TEXT_MAX && fields.length === 6) return fields;
  throw invalid(
    'a cron expression has five fields (minute, hour, day of month, month, day of week), or six with seconds in front',
  );
};

/**
 * Reads a cron expression.
 *
 * @throws AppError `invalid` `cron.invalid` that says what is wrong with it.
 */
export const parseCron = (text: string): CronExpression => {
  const [second = '', minute = '', hour = '', dayOfMonth = '', month = '', dayOfWeek = ''] = fieldsOf(text);
  return {
    seconds: fieldValues(second, SECOND),
    minutes: fieldValues(minute, MINUTE),
    hours: fieldValues(hour, HOUR),
    isEveryHour: isWild(hour),
    months: new Set(fieldValues(month, MONTH)),
    matchesDay: dayRule(dayOfMonth, dayOfWeek),
  };
};
