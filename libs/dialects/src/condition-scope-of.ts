import { AppError } from '@millrace/kernel';
import { type ConditionScope, type ReadCloudEvent } from '@millrace/domain';
import { formPairs } from './body/form.ts';
import { readJson } from './body/read-json.ts';
import { type StartRoute } from './dialect.ts';
import { type InboundRequest, mediaTypeOf, type Pair } from './inbound-request.ts';
import { type BoundTrigger } from './trigger-directory.ts';

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
    return lastOfEach(formPairs(request.text()));
  }
  try {
    return readJson(request) ?? null;
  } catch (error) {
    if (error instanceof AppError && error.code === 'body.invalid_json') return request.text();
    throw error;
  }
};

/** What a trigger is asked for: a request, or one CloudEvent of it. */
export interface AskedStart {
  readonly bound: BoundTrigger;
  readonly route: Pick<StartRoute, 'readBody' | 'readEventBody' | 'paramsOf'>;
  readonly inbound: InboundRequest;
  readonly event: ReadCloudEvent | undefined;
}

/** Of a CloudEvent the body is its data, however it was sent, unless the dialect has another word for it. */
const askedBody = ({ route, inbound, event }: AskedStart): unknown => {
  if (event !== undefined) return route.readEventBody?.(event, inbound) ?? event.data ?? null;
  return route.readBody === undefined ? bodyOf(inbound) : (route.readBody(inbound) ?? null);
};

/**
 * What the expressions of a trigger see of a request.
 *
 * @param nowMs Milliseconds since the epoch.
 * @throws AppError `invalid` when the body cannot be read as what it says it is.
 */
export const conditionScopeOf = (asked: AskedStart, nowMs: number): ConditionScope => {
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
