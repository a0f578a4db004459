import { EvaluationError, ParseError, TypeError as CheckError } from '@marcbachmann/cel-js';
import { AppError } from '@millrace/kernel';
import { failedError, placeOf, snippetOf, syntaxError } from '../condition-error.ts';

type CelError = EvaluationError | ParseError | CheckError;

const isCelError = (error: unknown): error is CelError =>
  error instanceof EvaluationError || error instanceof ParseError || error instanceof CheckError;

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Where nodes of a tree stand in their source, once their own word for it was taken. */
const ranges = new WeakMap<object, Range>();

/**
 * The library draws the source into each error: it reads the source from its start to the node, and the rest of the line. Nobody sees
 * the drawing, and an evaluation may meet thousands of errors. A node that says it stands at the start of a blank costs nothing.
 */
export const makeErrorsCheap = (node: { pos?: number; readonly end?: number }): void => {
  const start = node.pos ?? 0;
  ranges.set(node, { start, end: node.end ?? start });
  Object.defineProperty(node, 'input', { value: ' ' });
  node.pos = 0;
};

const rangeOf = ({ node, range }: CelError): Range | undefined => (node && ranges.get(node)) ?? range;

/** The library's own messages quote values of the request; its codes do not. */
const EXPLANATIONS: ReadonlyMap<string, string> = new Map([
  ['no_such_key', 'there is no such field'],
  ['index_out_of_bounds', 'there is no such element'],
  ['index_out_of_range', 'there is no such position in the text'],
  ['no_such_overload', 'the operator does not go with these types'],
  ['no_matching_overload', 'the function does not go with these types'],
  ['invalid_logical_operand', 'an operand is neither true nor false'],
  ['invalid_condition_type', 'the condition is neither true nor false'],
  ['invalid_comprehension_range', 'this is neither a list nor an object'],
  ['field_type_mismatch', 'a value is not of the expected type'],
  ['variable_type_mismatch', 'a value is not of the expected type'],
  ['unknown_variable', 'this request has no such variable'],
  ['numeric_overflow', 'a number is too large'],
  ['division_by_zero', 'division by zero'],
  ['modulo_by_zero', 'division by zero'],
]);

/** What the checker or the parser refused. Its message quotes the author's own text only. */
export const translateSyntax = (error: unknown, source: string): AppError => {
  if (error instanceof AppError) return error;
  if (!isCelError(error)) return syntaxError('this cannot be read', placeOf(source, 0), error);
  return syntaxError(error.summary, placeOf(source, error.range?.start ?? 0), error);
};

/** No `cause`: the library's error quotes values of the request. */
export const translateFailure = (error: unknown, source: string): AppError => {
  if (error instanceof AppError) return error;
  if (!isCelError(error)) return failedError('the expression cannot be evaluated for this request');
  const explanation = EXPLANATIONS.get(error.code) ?? 'a value does not fit';
  const range = rangeOf(error);
  if (range === undefined) return failedError(explanation);
  const { line, column } = placeOf(source, range.start);
  return failedError(`${explanation}: ${snippetOf(source, range.start, range.end)} (line ${line}, column ${column})`);
};
