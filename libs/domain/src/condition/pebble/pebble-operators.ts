import { compileGiven } from '../given-pattern.ts';
import { type PebbleContext, type PebbleNode } from './pebble-node.ts';
import {
  contains,
  isEqual,
  joined,
  Missing,
  needed,
  neededBoolean,
  neededNumber,
  neededText,
  type PebbleValue,
  printed,
} from './pebble-value.ts';

interface Operator {
  /** Pebble's own numbers: higher binds tighter. */
  readonly precedence: number;
  readonly combine: (left: PebbleNode, right: PebbleNode, context: PebbleContext) => PebbleValue;
}

const values = (left: PebbleNode, right: PebbleNode, context: PebbleContext) =>
  [needed(left.evaluate(context)), needed(right.evaluate(context))] as const;

const comparison = (sign: string, compare: (left: number, right: number) => boolean): Operator => ({
  precedence: 30,
  combine: (left, right, context) =>
    compare(neededNumber(left.evaluate(context), sign), neededNumber(right.evaluate(context), sign)),
});

const arithmetic = (
  sign: string,
  precedence: number,
  calculate: (left: number, right: number) => number,
): Operator => ({
  precedence,
  combine: (left, right, context) =>
    calculate(neededNumber(left.evaluate(context), sign), neededNumber(right.evaluate(context), sign)),
});

/** The whole text, as `String.matches` of Java, in which Kestra is written. */
const matchesWhole = (text: string, source: string, { meter }: PebbleContext): boolean => {
  const pattern = compileGiven(source, meter, 'matches');
  return pattern.run(text, { scope: 'whole', onSteps: (steps) => meter.charge(steps) }).matched;
};

const coalesce = (isAbsent: (value: PebbleValue) => boolean): Operator => ({
  precedence: 120,
  combine: (left, right, context) => {
    const value = left.evaluate(context);
    return isAbsent(value) ? right.evaluate(context) : value;
  },
});

export const OPERATORS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  [
    'or',
    {
      precedence: 10,
      combine: (left, right, context) =>
        neededBoolean(left.evaluate(context), 'or') || neededBoolean(right.evaluate(context), 'or'),
    },
  ],
  [
    'and',
    {
      precedence: 15,
      combine: (left, right, context) =>
        neededBoolean(left.evaluate(context), 'and') && neededBoolean(right.evaluate(context), 'and'),
    },
  ],
  [
    'contains',
    {
      precedence: 20,
      combine: (left, right, context) => contains(...values(left, right, context), context.meter),
    },
  ],
  [
    'in',
    {
      precedence: 20,
      combine: (left, right, context) => {
        const [part, whole] = values(left, right, context);
        return contains(whole, part, context.meter);
      },
    },
  ],
  [
    'matches',
    {
      precedence: 20,
      combine: (left, right, context) =>
        matchesWhole(
          neededText(left.evaluate(context), 'matches'),
          neededText(right.evaluate(context), 'matches'),
          context,
        ),
    },
  ],
  [
    '==',
    { precedence: 30, combine: (left, right, context) => isEqual(...values(left, right, context), context.meter) },
  ],
  [
    '!=',
    { precedence: 30, combine: (left, right, context) => !isEqual(...values(left, right, context), context.meter) },
  ],
  ['<', comparison('<', (left, right) => left < right)],
  ['<=', comparison('<=', (left, right) => left <= right)],
  ['>', comparison('>', (left, right) => left > right)],
  ['>=', comparison('>=', (left, right) => left >= right)],
  ['+', arithmetic('+', 40, (left, right) => left + right)],
  ['-', arithmetic('-', 40, (left, right) => left - right)],
  ['*', arithmetic('*', 60, (left, right) => left * right)],
  ['/', arithmetic('/', 60, (left, right) => left / right)],
  ['%', arithmetic('%', 60, (left, right) => left % right)],
  [
    '~',
    {
      precedence: 110,
      combine: (left, right, context) => {
        const [first, second] = values(left, right, context);
        return joined(printed(first, context.meter), printed(second, context.meter), context.meter);
      },
    },
  ],
  ['??', coalesce((value) => value instanceof Missing || value === null)],
  ['???', coalesce((value) => value instanceof Missing)],
]);

const UNARY: ReadonlyMap<string, (value: PebbleValue) => PebbleValue> = new Map([
  ['not', (value: PebbleValue): PebbleValue => !neededBoolean(value, 'not')],
  ['-', (value: PebbleValue): PebbleValue => -neededNumber(value, '-')],
  ['+', (value: PebbleValue): PebbleValue => neededNumber(value, '+')],
]);

export const unaryNode = (sign: string, operand: PebbleNode): PebbleNode | undefined => {
  const apply = UNARY.get(sign);
  return apply === undefined ? undefined : { evaluate: (context) => apply(operand.evaluate(context)) };
};

export const isUnary = (sign: string): boolean => UNARY.has(sign);

const TESTS: ReadonlyMap<string, (value: PebbleValue) => boolean> = new Map([
  ['defined', (value: PebbleValue) => !(value instanceof Missing) && value !== null],
  ['null', (value: PebbleValue) => needed(value) === null],
]);

export const TEST_NAMES: readonly string[] = [...TESTS.keys()];

export const testNode = (name: string, value: PebbleNode, inverted: boolean): PebbleNode | undefined => {
  const test = TESTS.get(name);
  return test === undefined ? undefined : { evaluate: (context) => test(value.evaluate(context)) !== inverted };
};
