import { AppError } from '@millrace/kernel';
import { type Trigger } from '@millrace/contracts';
import {
  type CompiledCondition,
  compileCondition,
  compileMapping,
  type ConditionScope,
  kestraConditions,
  type ReadCloudEvent,
} from '@millrace/domain';
import { type InboundRequest, mediaTypeOf, type Pair, parseJson, type StartArguments } from '@millrace/dialects';
import { type Entry } from './entry.ts';

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

/** What is asked for: a request of an entry, or one CloudEvent of it. */
type Asked = Pick<Entry, 'bound' | 'route' | 'inbound'> & { readonly event: ReadCloudEvent | undefined };

/** Of a CloudEvent the body is its data, however it was sent. */
const askedBody = ({ route, inbound, event }: Asked): unknown => {
  if (event !== undefined) return event.data ?? null;
  return route.readBody === undefined ? bodyOf(inbound) : (route.readBody(inbound) ?? null);
};

const scopeOf = (asked: Asked, nowMs: number): ConditionScope => {
  const { inbound, route, bound, event } = asked;
  const headers = inbound.headerPairs();
  const parameters = inbound.queryPairs();
  const body = askedBody(asked);
  return {
    body,
    headers: lastOfEach(headers.map(([name, value]) => [name.toLowerCase(), value] as const)),
    query: lastOfEach(parameters),
    params: route.paramsOf?.(inbound, bound) ?? inbound.params,
    trigger: {
      body,
      headers: listOfEach(headers),
      parameters: listOfEach(parameters),
      ...(event === undefined ? {} : { event: event.attributes }),
    },
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
 * Applies the conditions and the input mapping of a trigger to a request, or to one CloudEvent of it.
 *
 * @throws AppError `invalid` `condition.failed` when the mapping cannot be made from this request.
 */
export const applyRules = (asked: Asked, nowMs: number): Ruling => {
  const { conditions, mapInput } = rulesOf(asked.bound.trigger);
  if (conditions.length === 0 && mapInput === undefined) return { matched: true };
  const scope = scopeOf(asked, nowMs);
  for (const condition of conditions) {
    const { matched, reason = 'the condition is false' } = condition.matches(scope);
    if (!matched) return { matched, reason };
  }
  return mapInput === undefined ? { matched: true } : { matched: true, input: mapInput(scope) };
};

/** The mapping of the trigger replaces what the dialect would have made of the request. */
export const withMapping = (run: StartArguments, { input }: Matching): StartArguments =>
  input === undefined ? run : { ...run, input };
