import { type Environment, type ParseResult } from '@marcbachmann/cel-js';
import { type Budget } from './budget.ts';
import { celEnvironment } from './cel/cel-environment.ts';
import { translateFailure, translateSyntax } from './cel/cel-errors.ts';
import { fromCel } from './cel/from-cel.ts';
import { meterTree } from './cel/metered-tree.ts';
import { celVariables } from './cel/to-cel.ts';
import { syntaxError } from './condition-error.ts';
import { type CompiledExpression, type ConditionScope } from './condition-scope.ts';
import { CONDITION_LIMITS } from './limits.ts';
import { makeMeter, type Meter, overBudget } from './meter.ts';

interface Checked {
  readonly parsed: ParseResult;
  /** As the checker names it; `dyn` when only a request can tell. */
  readonly type: string;
}

export interface TypedExpression extends CompiledExpression {
  readonly type: string;
}

const parse = (environment: Environment, source: string): Checked => {
  if (source.length > CONDITION_LIMITS.sourceLengthMax) {
    throw syntaxError(`longer than ${CONDITION_LIMITS.sourceLengthMax} characters`);
  }
  try {
    const parsed = environment.parse(source);
    const { type = 'dyn', error } = parsed.check();
    if (error !== undefined) throw error;
    return { parsed, type };
  } catch (error) {
    throw translateSyntax(error, source);
  }
};

/** What V8 lets its users say; other engines do not look at it. */
const engineErrors: object & { stackTraceLimit?: number | undefined } = Error;

/** An evaluation may meet thousands of errors, and go on: a stack for each would take most of the time. Nothing else runs meanwhile. */
const withoutStacks = <Result>(work: () => Result): Result => {
  const { stackTraceLimit } = engineErrors;
  engineErrors.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    engineErrors.stackTraceLimit = stackTraceLimit;
  }
};

const evaluate = (parsed: ParseResult, variables: Map<string, unknown>, meter: Meter): unknown => {
  const value: unknown = withoutStacks((): unknown => parsed(variables));
  // `||` and `exists` go on behind an error, and could turn one into a result.
  if (meter.exceeded) throw overBudget();
  return fromCel(value);
};

/** An expression over variables of another kind than those of a request. */
export interface ExpressionOver<Scope> {
  readonly source: string;
  readonly type: string;
  /** As {@link CompiledExpression.evaluate}. */
  readonly evaluate: (scope: Scope) => unknown;
}

/** What an expression is given of its scope. */
export interface ScopeAccess<Scope> {
  readonly variablesOf: (scope: Scope) => Map<string, unknown>;
  /** Absent: each evaluation has a budget of its own. */
  readonly budgetOf?: (scope: Scope) => Budget | undefined;
}

/** As {@link compileExpression}, over what an environment knows. */
export const compileIn = <Scope>(
  environment: Environment,
  source: string,
  { variablesOf, budgetOf }: ScopeAccess<Scope>,
): ExpressionOver<Scope> => {
  const { parsed, type } = parse(environment, source);
  const meter = makeMeter();
  meterTree(parsed.ast, meter);
  return {
    source,
    type,
    evaluate: (scope) => {
      meter.begin(budgetOf?.(scope));
      try {
        return evaluate(parsed, variablesOf(scope), meter);
      } catch (error) {
        // Behind an error that it went on behind, `all` throws that one, whatever came later.
        throw translateFailure(meter.exceeded ? overBudget() : error, source);
      }
    },
  };
};

/** {@link compileExpression} with the type that the checker found. */
export const compileTyped = (source: string): TypedExpression =>
  compileIn(celEnvironment, source, { variablesOf: celVariables, budgetOf: ({ budget }: ConditionScope) => budget });

/**
 * An expression of the Common Expression Language over `body`, `headers`, `query`, `trigger`, `params` and `now`.
 * It is checked here, at deploy; later it can only fail, and within {@link CONDITION_LIMITS}.
 *
 * @throws AppError `invalid` `condition.syntax` with `details.line` and `details.column`.
 */
export const compileExpression = (source: string): CompiledExpression => compileTyped(source);
