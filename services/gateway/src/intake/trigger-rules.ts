import { AppError } from '@millrace/kernel';
import { type Trigger } from '@millrace/contracts';
import {
  type CompiledCondition,
  compileCondition,
  compileMapping,
  type ConditionScope,
  kestraConditions,
} from '@millrace/domain';
import { type InboundRequest, mediaTypeOf, type Pair, parseJson, type StartArguments } from '@millrace/dialects';

/** The expressions of a trigger, compiled. */
interface TriggerRules {
  readonly conditions: readonly CompiledCondition[];
  readonly mapInput: ((scope: ConditionScope) => Record<string, unknown>) | undefined;
}

const compile = ({ conditions = [], input }: Trigger): TriggerRules => ({
  conditions: conditions.map((condition) =>
    typeof condition === 'string' ? compileCondition(condition) : kestraConditions([condition]),
  ),
  mapInput: input === undefined ? undefined : compileMapping(input),
});

/** By trigger: the object belongs to a version, which never changes. */
const compiled = new WeakMap<Trigger, TriggerRules>();

const rulesOf = (trigger: Trigger): TriggerRules => {
  let rules = compiled.get(trigger);
  if (rules === undefined) compiled.set(trigger, (rules = compile(trigger)));
  return rules;
};

const lastOfEach = (pairs: readonly Pair[]): Readonly<Record<string, string>> => Object.fromEntries(pairs);

const listOfEach = (pairs: readonly Pair[]): Readonly<Record<string, readonly string[]>> => {
  const lists = new Map<string, string[]>();
  for (const [name, value] of pairs) lists.set(name, [...(lists.get(name) ?? []), value]);
  return Object.fromEntries(lists);
};

/** What expressions see as `body`: JSON where the body is JSON, fields of a form, else the text; `null` for none. */
const bodyOf = (request: InboundRequest): unknown => {
  if (request.body.length === 0) return null;
  if (mediaTypeOf(request) === 'application/x-www-form-urlencoded') {
    return Object.fromEntries(new URLSearchParams(request.text()));
  }
  try {
    return parseJson(request.text()) ?? null;
  } catch (error) {
    if (error instanceof AppError && error.code === 'body.invalid_json') return request.text();
    throw error;
  }
};

const scopeOf = (request: InboundRequest, nowMs: number): ConditionScope => {
  const headers = request.headerPairs();
  const parameters = request.queryPairs();
  const body = bodyOf(request);
  return {
    body,
    headers: lastOfEach(headers.map(([name, value]) => [name.toLowerCase(), value] as const)),
    query: lastOfEach(parameters),
    params: request.params,
    trigger: { body, headers: listOfEach(headers), parameters: listOfEach(parameters) },
    now: nowMs,
  };
};

/** A request that a trigger wants. */
export interface Matching {
  readonly matched: true;
  /** Made by the trigger's own mapping, if it has one. */
  readonly input?: Readonly<Record<string, unknown>>;
}

export type Ruling = { readonly matched: false; readonly reason: string } | Matching;

/**
 * Applies the conditions and the input mapping of a trigger to a request.
 *
 * @throws AppError `invalid` `condition.failed` when the mapping cannot be made from this request.
 */
export const applyRules = (trigger: Trigger, request: InboundRequest, nowMs: number): Ruling => {
  const { conditions, mapInput } = rulesOf(trigger);
  if (conditions.length === 0 && mapInput === undefined) return { matched: true };
  const scope = scopeOf(request, nowMs);
  for (const condition of conditions) {
    const { matched, reason = 'the condition is false' } = condition.matches(scope);
    if (!matched) return { matched, reason };
  }
  return mapInput === undefined ? { matched: true } : { matched: true, input: mapInput(scope) };
};

/** The mapping of the trigger replaces what the dialect would have made of the request. */
export const withMapping = (run: StartArguments, { input }: Matching): StartArguments =>
  input === undefined ? run : { ...run, input };
