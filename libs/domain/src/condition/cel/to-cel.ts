import { failedError } from '../condition-error.ts';
import { type ConditionScope } from '../condition-scope.ts';
import { CONDITION_LIMITS } from '../limits.ts';

const convert = (value: unknown, depth: number): unknown => {
  if (typeof value !== 'object' || value === null) return value === undefined ? null : value;
  if (depth >= CONDITION_LIMITS.payloadDepthMax) {
    throw failedError(`the request is nested deeper than ${CONDITION_LIMITS.payloadDepthMax} levels`);
  }
  if (Array.isArray(value)) return value.map((member) => convert(member, depth + 1));
  return toMap(value, depth + 1);
};

/**
 * A JSON object as a Map, so that nothing inherited is ever found. A member called `__proto__` is left out: the evaluator
 * compares a Map with an object literal by the literal's inherited members too, and would take `{"__proto__": {}}` for `{"x": 1}`.
 */
const toMap = (value: object, depth: number): Map<string, unknown> => {
  const map = new Map<string, unknown>();
  for (const [name, member] of Object.entries(value)) {
    if (name !== '__proto__') map.set(name, convert(member, depth));
  }
  return map;
};

/** The variables of a key. */
export const inputVariables = (input: unknown): Map<string, unknown> => new Map([['input', convert(input, 0)]]);

const scopes = new WeakMap<ConditionScope, Map<string, unknown>>();

/** The variables of an expression. Converted once per scope: several expressions look at the same request. */
export const celVariables = (scope: ConditionScope): Map<string, unknown> => {
  let variables = scopes.get(scope);
  if (variables === undefined) {
    const { body, headers, query, trigger, params = {}, now } = scope;
    variables = toMap({ body, headers, query, trigger, params }, 0);
    if (now !== undefined) variables.set('now', new Date(now));
    scopes.set(scope, variables);
  }
  return variables;
};
