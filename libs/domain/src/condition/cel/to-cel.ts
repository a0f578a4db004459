import { failedError } from '../condition-error.ts';
import { type ConditionScope } from '../condition-scope.ts';
import { CONDITION_LIMITS } from '../limits.ts';

/** What was converted of one request: `trigger.body` is the same object as `body`, and is converted once. */
type Known = Map<object, unknown>;

const convert = (value: unknown, depth: number, known: Known): unknown => {
  if (typeof value !== 'object' || value === null) return value === undefined ? null : value;
  if (depth >= CONDITION_LIMITS.payloadDepthMax) {
    throw failedError(`the request is nested deeper than ${CONDITION_LIMITS.payloadDepthMax} levels`);
  }
  return depth > SHARED_DEPTH ? convertDeep(value, depth, known) : shared(value, depth, known);
};

/** Variables and their members may be the same objects; what is further inside is not. */
const SHARED_DEPTH = 1;

const shared = (value: object, depth: number, known: Known): unknown => {
  let converted = known.get(value);
  if (converted === undefined) known.set(value, (converted = convertDeep(value, depth, known)));
  return converted;
};

const convertDeep = (value: object, depth: number, known: Known): unknown =>
  Array.isArray(value) ? toList(value, depth + 1, known) : toMap(value, depth + 1, known);

const toList = (list: readonly unknown[], depth: number, known: Known): unknown[] => {
  const converted: unknown[] = [];
  for (const member of list) converted.push(convert(member, depth, known));
  return converted;
};

/**
 * A JSON object as a Map, so that nothing inherited is ever found. A member called `__proto__` is left out: the evaluator
 * compares a Map with an object literal by the literal's inherited members too, and would take `{"__proto__": {}}` for `{"x": 1}`.
 */
const toMap = (value: object, depth: number, known: Known): Map<string, unknown> => {
  const map = new Map<string, unknown>();
  for (const name of Object.keys(value)) {
    if (name !== '__proto__') map.set(name, convert((value as Readonly<Record<string, unknown>>)[name], depth, known));
  }
  return map;
};

/** Variables that are converted when an expression asks for them first: a large body costs nothing where nobody looks at it. */
class Variables extends Map<string, unknown> {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #known: Known = new Map();

  constructor(values: Readonly<Record<string, unknown>>) {
    super();
    this.#values = values;
  }

  override get(name: string): unknown {
    if (!Object.hasOwn(this.#values, name)) return undefined;
    const value = this.#values[name];
    return value instanceof Date ? value : convert(value, 0, this.#known);
  }
}

/** The variables of a key. */
export const inputVariables = (input: unknown): Map<string, unknown> => new Variables({ input });

const scopes = new WeakMap<ConditionScope, Map<string, unknown>>();

/** The variables of an expression. Converted once per scope: several expressions look at the same request. */
export const celVariables = (scope: ConditionScope): Map<string, unknown> => {
  let variables = scopes.get(scope);
  if (variables === undefined) {
    const { body, headers, query, trigger, params = {}, now } = scope;
    const time = now === undefined ? {} : { now: new Date(now) };
    variables = new Variables({ body, headers, query, trigger, params, ...time });
    scopes.set(scope, variables);
  }
  return variables;
};
