import { failedError } from '../condition-error.ts';
import { CONDITION_LIMITS } from '../limits.ts';
import { chargeDeep, type Meter, searchCost, shallowCost, textCost } from '../meter.ts';

/** A variable or a member that the request does not have. Only `is defined`, `??`, `???` and `default` accept it. */
export class Missing {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** A value of JSON, or {@link Missing}. */
export type PebbleValue = unknown;

/** @throws AppError `condition.failed`: variables are strict. */
export const needed = (value: PebbleValue): unknown => {
  if (value instanceof Missing) throw failedError(`there is no ${value.name}`);
  return value;
};

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const neededBoolean = (value: PebbleValue, where: string): boolean => {
  const given = needed(value);
  if (typeof given === 'boolean') return given;
  throw failedError(`${where} needs true or false (\`not\` binds tighter than a comparison: write not (…))`);
};

export const neededNumber = (value: PebbleValue, where: string): number => {
  const given = needed(value);
  if (typeof given === 'number') return given;
  throw failedError(`${where} needs a number`);
};

export const neededText = (value: PebbleValue, where: string): string => {
  const given = needed(value);
  if (typeof given === 'string') return given;
  throw failedError(`${where} needs a text`);
};

/** As Pebble prints it; lists and objects as JSON, as Kestra prints them. */
export const printed = (value: unknown, meter: Meter): string => {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return jsonOf(value, meter);
};

export const jsonOf = (value: unknown, meter: Meter): string => {
  chargeDeep(meter, value);
  return JSON.stringify(value);
};

export const joined = (left: string, right: string, meter: Meter): string => {
  meter.charge(textCost(left.length + right.length));
  if (left.length + right.length > CONDITION_LIMITS.textLengthMax) {
    throw failedError(`a text of more than ${CONDITION_LIMITS.textLengthMax} characters`);
  }
  return left + right;
};

const equalLists = (left: readonly unknown[], right: readonly unknown[], meter: Meter): boolean =>
  left.length === right.length && left.every((member, index) => isEqual(member, right[index], meter));

/** Objects with more names are hash tables, whose names take several times as long to list. */
const FAST_NAMES_MAX = 100;
const SLOW_NAME_COST = 3;

/** Charged for both sides: an object without members may be compared with a large one many times. */
const namesOf = (value: object, meter: Meter): readonly string[] => {
  const names = Object.keys(value);
  meter.charge(names.length > FAST_NAMES_MAX ? names.length * SLOW_NAME_COST : names.length);
  return names;
};

const equalMembers = (left: object, right: object, meter: Meter): boolean => {
  const names = namesOf(left, meter);
  return (
    names.length === namesOf(right, meter).length &&
    names.every(
      (name) =>
        Object.hasOwn(right, name) &&
        isEqual((left as Record<string, unknown>)[name], (right as Record<string, unknown>)[name], meter),
    )
  );
};

export const isEqual = (left: unknown, right: unknown, meter: Meter): boolean => {
  meter.charge(typeof left === 'object' ? 1 : Math.min(shallowCost(left), shallowCost(right)));
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return left === right;
  if (Array.isArray(left) && Array.isArray(right)) return equalLists(left, right, meter);
  return !Array.isArray(left) && !Array.isArray(right) && equalMembers(left, right, meter);
};

const isIn = (list: readonly unknown[], value: unknown, meter: Meter): boolean =>
  list.some((member) => {
    meter.charge(1);
    return isEqual(member, value, meter);
  });

/** Of a list, the names of an object, or a text; null contains nothing. */
export const contains = (whole: unknown, part: unknown, meter: Meter): boolean => {
  if (whole === null) return false;
  if (typeof whole === 'string') {
    const sought = printed(part, meter);
    meter.charge(searchCost(whole.length, sought.length));
    return whole.includes(sought);
  }
  if (Array.isArray(whole)) {
    if (Array.isArray(part)) return part.every((one) => isIn(whole, one, meter));
    return isIn(whole, part, meter);
  }
  if (isObject(whole)) return typeof part === 'string' && Object.hasOwn(whole, part);
  throw failedError('contains needs a text, a list or an object');
};

const isEmptyText = (value: unknown): boolean => typeof value === 'string' && value.trim() === '';

/** What the filter `default` replaces. */
export const isEmpty = (value: PebbleValue): boolean => {
  if (value instanceof Missing || value === null || value === undefined) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isEmptyText(value) || (isObject(value) && Object.keys(value).length === 0);
};
