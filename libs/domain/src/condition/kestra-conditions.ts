import { conditionOf, templateTest, type Test } from './compile-condition.ts';
import { compileTemplate } from './compile-template.ts';
import { failedError, syntaxError } from './condition-error.ts';
import { type CompiledCondition, type ConditionScope } from './condition-scope.ts';
import {
  type DayName,
  dayNameOf,
  givenDateTime,
  isDayName,
  isNthOfMonth,
  timeOfDay,
  writtenDateTime,
  writtenTime,
  type ZonedMoment,
} from './kestra-time.ts';
import { CONDITION_LIMITS } from './limits.ts';

type Fields = Readonly<Record<string, unknown>>;

interface Reading {
  readonly fields: Fields;
  /** As `conditions[0].not`. */
  readonly where: string;
  /** Conditions that were read so far. */
  readonly count: { read: number };
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const optionalText = ({ fields, where }: Reading, name: string): string | undefined => {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw syntaxError(`${where}.${name}: a text`);
};

const text = (reading: Reading, name: string): string => {
  const value = optionalText(reading, name);
  if (value === undefined) throw syntaxError(`${reading.where}.${name} is missing`);
  return value;
};

const nested = ({ fields, where, count }: Reading): readonly Test[] => {
  const list = fields['conditions'];
  if (!Array.isArray(list) || list.length === 0) throw syntaxError(`${where}.conditions: a list of conditions`);
  return list.map((item: unknown, index) => readCondition(item, `${where}.conditions[${index}]`, count));
};

/** The rendered `date`, or now, in UTC. */
const momentOf = (reading: Reading): ((scope: ConditionScope) => ZonedMoment) => {
  const date = optionalText(reading, 'date');
  if (date !== undefined) {
    const template = compileTemplate(date);
    return (scope) => givenDateTime(template.evaluate(scope));
  }
  return ({ now }) => {
    if (now === undefined) throw failedError('the time is not known here');
    return { epochMs: now, offsetMs: 0 };
  };
};

const between = (reading: Reading, read: (text: string, where: string) => number): ((value: number) => boolean) => {
  const [after, before] = (['after', 'before'] as const).map((name) => {
    const written = optionalText(reading, name);
    return written === undefined ? undefined : read(written, `${reading.where}.${name}`);
  });
  if (after === undefined && before === undefined) throw syntaxError(`${reading.where}: after or before is missing`);
  return (value) => (after === undefined || value > after) && (before === undefined || value < before);
};

const dayOf = (reading: Reading): DayName => {
  const day = text(reading, 'dayOfWeek');
  if (!isDayName(day)) throw syntaxError(`${reading.where}.dayOfWeek: MONDAY … SUNDAY`);
  return day;
};

const NTH: ReadonlyMap<string, number | 'LAST'> = new Map<string, number | 'LAST'>([
  ['FIRST', 1],
  ['SECOND', 2],
  ['THIRD', 3],
  ['FOURTH', 4],
  ['LAST', 'LAST'],
]);

const dayInMonth = (reading: Reading): Test => {
  const [moment, day] = [momentOf(reading), dayOf(reading)];
  const nth = NTH.get(text(reading, 'dayInMonth'));
  if (nth === undefined) throw syntaxError(`${reading.where}.dayInMonth: one of ${[...NTH.keys()].join(', ')}`);
  return (scope) => {
    const at = moment(scope);
    return dayNameOf(at) === day && isNthOfMonth(at, nth);
  };
};

const WEEKEND = new Set<DayName>(['SATURDAY', 'SUNDAY']);

const READERS: ReadonlyMap<string, (reading: Reading) => Test> = new Map([
  ['Expression', (reading: Reading): Test => templateTest(text(reading, 'expression'))],
  [
    'Not',
    (reading: Reading): Test => {
      const tests = nested(reading);
      return (scope) => !tests.some((test) => test(scope));
    },
  ],
  [
    'Or',
    (reading: Reading): Test => {
      const tests = nested(reading);
      return (scope) => tests.some((test) => test(scope));
    },
  ],
  [
    'DateTimeBetween',
    (reading: Reading): Test => {
      const [moment, isWithin] = [momentOf(reading), between(reading, writtenDateTime)];
      return (scope) => isWithin(moment(scope).epochMs);
    },
  ],
  [
    'TimeBetween',
    (reading: Reading): Test => {
      const [moment, isWithin] = [momentOf(reading), between(reading, writtenTime)];
      return (scope) => isWithin(timeOfDay(moment(scope)));
    },
  ],
  [
    'DayWeek',
    (reading: Reading): Test => {
      const [moment, day] = [momentOf(reading), dayOf(reading)];
      return (scope) => dayNameOf(moment(scope)) === day;
    },
  ],
  ['DayWeekInMonth', dayInMonth],
  [
    'Weekend',
    (reading: Reading): Test => {
      const moment = momentOf(reading);
      return (scope) => WEEKEND.has(dayNameOf(moment(scope)));
    },
  ],
]);

const CLASS_NAME =
  /^(?:io\.kestra\.(?:plugin\.core\.condition|core\.models\.conditions\.types)\.)?([A-Za-z]+?)(?:Condition)?$/;
const ALIASES: ReadonlyMap<string, string> = new Map([['Variable', 'Expression']]);
const REFUSED: ReadonlyMap<string, string> = new Map([
  ['PublicHoliday', 'PublicHoliday is not supported: it needs calendars of holidays'],
  ['Multiple', 'MultipleCondition is about several executions and cannot filter a webhook'],
]);

const readCondition = (item: unknown, where: string, count: Reading['count']): Test => {
  count.read += 1;
  if (count.read > CONDITION_LIMITS.conditionsMax) {
    throw syntaxError(`${where}: more than ${CONDITION_LIMITS.conditionsMax} conditions`);
  }
  if (!isFields(item)) throw syntaxError(`${where}: an object with a type`);
  const reading: Reading = { fields: item, where, count };
  const type = text(reading, 'type');
  const short = CLASS_NAME.exec(type)?.[1] ?? type;
  const name = ALIASES.get(short) ?? short;
  const reader = READERS.get(name);
  if (reader !== undefined) return reader(reading);
  throw syntaxError(
    `${where}.type: ${REFUSED.get(name) ?? `${type} is not supported; there are ${[...READERS.keys()].join(', ')}`}`,
  );
};

/**
 * The `conditions` of a Kestra trigger: all of them must hold. One that fails makes the whole list not match, also inside `Not`.
 *
 * @param list as it stands in the YAML.
 * @throws AppError `invalid` `condition.syntax` that names the entry.
 */
export const kestraConditions = (list: unknown): CompiledCondition => {
  if (!Array.isArray(list)) throw syntaxError('conditions: a list');
  const count = { read: 0 };
  const tests = list.map((item: unknown, index) => readCondition(item, `conditions[${index}]`, count));
  return conditionOf('conditions', (scope) => tests.every((test) => test(scope)));
};
