import { AppError } from '@millrace/kernel';
import { inputEnvironment } from './cel/cel-environment.ts';
import { inputVariables } from './cel/to-cel.ts';
import { compileIn } from './compile-expression.ts';
import { failedError, syntaxError } from './condition-error.ts';

/** Characters of a key. */
export const KEY_LENGTH_MAX = 256;

const KEY_TYPES: ReadonlySet<string> = new Set(['string', 'int', 'uint', 'double', 'bool', 'dyn']);

const textOf = (value: unknown): string => {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw failedError('a key is a text, a number, true or false');
};

/**
 * A key of runs: an expression over `input`, whose value is taken as a text.
 *
 * @throws AppError `invalid` `condition.syntax`; the result throws `condition.failed` when the input has no such field, or the value is no
 * text, number or truth value, or too long. Messages have no values of the input.
 */
export const compileKey = (source: string): ((input: unknown) => string) => {
  const expression = compileIn(inputEnvironment, source, { variablesOf: inputVariables });
  if (!KEY_TYPES.has(expression.type))
    throw syntaxError(`the key gives ${expression.type}, which is no text or number`);
  return (input) => {
    const key = textOf(expression.evaluate(input));
    if (key.length <= KEY_LENGTH_MAX) return key;
    throw new AppError('invalid', 'condition.failed', `the key is longer than ${KEY_LENGTH_MAX} characters`);
  };
};
