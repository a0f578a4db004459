import { AppError } from '@millrace/kernel';
import { compileTyped } from './compile-expression.ts';
import { compileTemplate } from './compile-template.ts';
import { failedError, snippetOf, syntaxError } from './condition-error.ts';
import { type CompiledCondition, type ConditionScope, type Matched } from './condition-scope.ts';

/** Says whether the condition holds. @throws AppError `condition.failed`. */
export type Test = (scope: ConditionScope) => boolean;

const outcomeOf = (source: string, test: Test, scope: ConditionScope): Matched => {
  try {
    return test(scope) ? { matched: true } : { matched: false, reason: `the condition is false: ${snippetOf(source)}` };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { matched: false, reason: `the condition failed: ${error.message}` };
  }
};

export const conditionOf = (source: string, test: Test): CompiledCondition => ({
  source,
  matches: (scope) => outcomeOf(source, test, scope),
});

/** Kestra's truth: a text that is neither blank nor `false`. `0` and `no` are true. */
const isTrueText = (text: string): boolean => text.trim() !== '' && text.trim() !== 'false';

export const templateTest = (source: string): Test => {
  const template = compileTemplate(source);
  return (scope) => isTrueText(template.evaluate(scope));
};

const celTest = (source: string): Test => {
  const expression = compileTyped(source);
  if (expression.type !== 'bool' && expression.type !== 'dyn') {
    throw syntaxError(`the condition gives ${expression.type}, neither true nor false`);
  }
  return (scope) => {
    const value = expression.evaluate(scope);
    if (typeof value !== 'boolean') throw failedError('the result is neither true nor false');
    return value;
  };
};

/**
 * A condition in CEL or, when the source begins with `{{`, in Kestra's form.
 *
 * @throws AppError `invalid` `condition.syntax` with `details.line` and `details.column`.
 */
export const compileCondition = (source: string): CompiledCondition =>
  conditionOf(source, source.trimStart().startsWith('{{') ? templateTest(source) : celTest(source));
