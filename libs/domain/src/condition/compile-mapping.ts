import { AppError } from '@millrace/kernel';
import { compileExpression } from './compile-expression.ts';
import { type ConditionScope } from './condition-scope.ts';

const named = <Result>(name: string, work: () => Result): Result => {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { kind, code, details } = error;
    throw new AppError(kind, code, `${name}: ${error.message}`, {
      cause: error,
      details: { ...details, name },
    });
  }
};

/**
 * Makes the input of a run: a CEL expression for each name.
 *
 * @throws AppError `invalid` `condition.syntax` that names the entry; the result throws `condition.failed` likewise.
 */
export const compileMapping = (
  sources: Readonly<Record<string, string>>,
): ((scope: ConditionScope) => Record<string, unknown>) => {
  const entries = Object.entries(sources).map(
    ([name, source]) => [name, named(name, () => compileExpression(source))] as const,
  );
  return (scope) =>
    Object.fromEntries(entries.map(([name, expression]) => [name, named(name, () => expression.evaluate(scope))]));
};
