import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import { failedError } from '../condition-error.ts';

/** As the JSON mapping of Protocol Buffers: an integer that a double cannot hold is a text. */
const integer = (value: bigint): number | string =>
  Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();

const fromObject = (value: object): unknown => {
  if (Array.isArray(value)) return value.map(fromCel);
  if (value instanceof Map) return object([...value.entries()]);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof UnsignedInt) return integer(value.value);
  if (value instanceof Duration) return value.toString();
  if (Object.getPrototypeOf(value) === Object.prototype) return object(Object.entries(value));
  throw failedError('the result is not a JSON value');
};

/** Every name becomes an own member, `__proto__` too. */
const object = (entries: readonly (readonly [unknown, unknown])[]): Record<string, unknown> =>
  Object.fromEntries(entries.map(([name, member]) => [String(name), fromCel(member)]));

/**
 * A JSON value of what an expression gave.
 *
 * @throws AppError `invalid` `condition.failed` for bytes, types and numbers that JSON does not have.
 */
export const fromCel = (value: unknown): unknown => {
  if (typeof value === 'bigint') return integer(value);
  if (typeof value === 'number' && !Number.isFinite(value)) throw failedError('the result is not a number');
  if (typeof value !== 'object' || value === null) return value;
  return fromObject(value);
};
