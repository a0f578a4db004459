import { failedError } from '../condition-error.ts';
import { shallowCost } from '../meter.ts';
import { type PebbleContext, type PebbleNode } from './pebble-node.ts';
import {
  isEmpty,
  isObject,
  jsonOf,
  Missing,
  needed,
  neededNumber,
  neededText,
  type PebbleValue,
} from './pebble-value.ts';

interface Filter {
  readonly argumentsMin: number;
  readonly argumentsMax: number;
  readonly apply: (value: PebbleValue, parts: readonly PebbleNode[], context: PebbleContext) => PebbleValue;
}

const charged = (value: unknown, { meter }: PebbleContext): unknown => {
  meter.charge(shallowCost(value));
  return value;
};

const onText = (name: string, change: (text: string) => string): Filter => ({
  argumentsMin: 0,
  argumentsMax: 0,
  apply: (value, _parts, context) => {
    const given = charged(needed(value), context);
    return given === null ? null : change(neededText(given, name));
  },
});

const lengthOf = (value: unknown): number => {
  if (value === null) return 0;
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  if (isObject(value)) return Object.keys(value).length;
  throw failedError('length needs a text, a list or an object');
};

const end = (name: string, at: 0 | -1): Filter => ({
  argumentsMin: 0,
  argumentsMax: 0,
  apply: (value) => {
    const given = needed(value);
    if (given === null) return null;
    if (!Array.isArray(given) && typeof given !== 'string') throw failedError(`${name} needs a list or a text`);
    const member: unknown = given.at(at);
    return member === undefined ? new Missing(`${name} element`) : member;
  },
});

const json: Filter = {
  argumentsMin: 0,
  argumentsMax: 0,
  apply: (value, _parts, { meter }) => jsonOf(needed(value), meter),
};

const FILTERS: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ['lower', onText('lower', (text) => text.toLowerCase())],
  ['upper', onText('upper', (text) => text.toUpperCase())],
  ['trim', onText('trim', (text) => text.trim())],
  ['length', { argumentsMin: 0, argumentsMax: 0, apply: (value) => lengthOf(needed(value)) }],
  [
    'default',
    {
      argumentsMin: 1,
      argumentsMax: 1,
      apply: (value, [other], context) => (isEmpty(value) ? other?.evaluate(context) : value),
    },
  ],
  ['json', json],
  ['toJson', json],
  ['first', end('first', 0)],
  ['last', end('last', -1)],
  ['abs', { argumentsMin: 0, argumentsMax: 0, apply: (value) => Math.abs(neededNumber(value, 'abs')) }],
  [
    'startsWith',
    {
      argumentsMin: 1,
      argumentsMax: 1,
      apply: (value, [other], context) =>
        neededText(charged(needed(value), context), 'startsWith').startsWith(
          neededText(other?.evaluate(context), 'startsWith'),
        ),
    },
  ],
]);

export const FILTER_NAMES: readonly string[] = [...FILTERS.keys()];

/** Undefined for a filter that is not supported. @throws the message when the number of arguments is wrong. */
export const filterNode = (
  name: string,
  value: PebbleNode,
  parts: readonly PebbleNode[],
): PebbleNode | string | undefined => {
  const filter = FILTERS.get(name);
  if (filter === undefined) return undefined;
  if (parts.length < filter.argumentsMin || parts.length > filter.argumentsMax) {
    return `the filter ${name} takes ${filter.argumentsMax === 0 ? 'no argument' : 'one argument'}`;
  }
  return { evaluate: (context) => filter.apply(value.evaluate(context), parts, context) };
};
