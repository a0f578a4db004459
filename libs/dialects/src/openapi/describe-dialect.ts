/** A dialect as OpenAPI 3.1 tells it: every route of it, those of its own listeners, too. */
import { type TSchema, Type } from 'typebox';
import { type Dialect, type DialectRoute } from '../dialect.ts';
import {
  type DialectDescription,
  type MediaTypes,
  type RouteDescription,
  type SecurityScheme,
} from '../route-description.ts';
import { BatchAnswerSchema } from './batch-answer.ts';
import { ChallengeAnswerSchema } from './challenge-answer.ts';
import { ANYTHING, JSON_TYPE, TEXT } from './media-types.ts';
import { operationIdOf } from './operation-id.ts';
import { nameOfStatus, refusalsOf } from './refusals.ts';
import { SHARED_SCHEMES, WITHOUT_SCHEME } from './schemes.ts';

/** An operation of OpenAPI. */
export type DescribedOperation = Readonly<Record<string, unknown>> & {
  readonly servers?: readonly object[];
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: object }>>;
};

export interface DescribedDialect {
  /** By address and by method in lower case; a method of an address that several listeners have is there for each of them. */
  readonly operations: readonly {
    readonly path: string;
    readonly method: string;
    readonly operation: DescribedOperation;
  }[];
  readonly schemes: Readonly<Record<string, SecurityScheme>>;
}

/** Of a dialect that says nothing about itself. */
const PLAIN: DialectDescription = { auth: { start: ['bearer'], other: ['bearer'] }, errors: {} };

const REST = '{path}';

/** An address with its parameters as OpenAPI writes them. */
export const templateOf = (url: string, { rest = REST }: RouteDescription = {}): string =>
  url.replaceAll(/:(\w+)/g, '{$1}').replace('*', rest);

const contentOf = (types: MediaTypes) =>
  Object.fromEntries(Object.entries(types).map(([type, schema]) => [type, { schema }]));

const COMMON_PARAMS: Readonly<Record<string, string>> = {
  path: 'The rest of the address; may hold slashes.',
  id: 'The id of the run.',
  key: 'A key of the trigger: whoever has it may start the workflow.',
};

const pathParameters = (url: string, described: RouteDescription) =>
  [...templateOf(url, described).matchAll(/\{(\w+)\}/g)].map(([, name = '']) => {
    const description = described.params?.[name] ?? COMMON_PARAMS[name];
    const schema = { type: 'string', ...(name === 'key' ? { format: 'password' } : {}) };
    return { name, in: 'path', required: true, ...(description === undefined ? {} : { description }), schema };
  });

const queryParameters = ({ querystring }: RouteDescription) => {
  const { properties = {}, required = [] } = (querystring ?? {}) as {
    readonly properties?: Readonly<Record<string, TSchema & { readonly description?: string }>>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    ...(schema.description === undefined ? {} : { description: schema.description }),
    schema,
  }));
};

const headerParameters = (route: DialectRoute, method: string) => {
  if (route.does !== 'start') return [];
  const key = 'Repeats under the same key start nothing, and get the first run.';
  const client = 'Any text that names the caller; with a token, except by GET.';
  const text = { type: 'string' };
  return [
    { name: 'Idempotency-Key', in: 'header', required: false, description: key, schema: text },
    ...(route.demandsClientHeader === true && method !== 'GET'
      ? [{ name: 'X-Workflow-Client', in: 'header', required: true, description: client, schema: text }]
      : []),
  ];
};

const NO_BODY: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE']);

const bodyOf = ({ body, bodies }: RouteDescription, method: string) => {
  const types = bodies ?? (body === undefined ? undefined : { [JSON_TYPE]: body });
  return types === undefined || NO_BODY.has(method)
    ? {}
    : { requestBody: { required: false, content: contentOf(types) } };
};

const answerOf = (status: string, types: MediaTypes) => ({
  description: status === 'default' ? 'What the workflow chose.' : nameOfStatus(Number(status)),
  types,
});

const either = (one: TSchema | undefined, other: TSchema): TSchema => {
  if (one === undefined || one === other) return other;
  return one === ANYTHING || other === ANYTHING ? ANYTHING : Type.Union([one, other]);
};

/** Of a type that both have, either schema. */
const mergedTypes = (one: MediaTypes, other: MediaTypes): MediaTypes => {
  const both = Object.entries(other).map(([type, schema]) => [type, either(one[type], schema)] as const);
  return { ...one, ...Object.fromEntries(both) };
};

/** Whatever a dialect answers, the events of a batch get an answer each; a workflow that may choose any status may choose these. */
const batchAnswers = ({ answers = {}, response = {} }: RouteDescription): Readonly<Record<number, MediaTypes>> => {
  const chosen = answers[0];
  const types =
    chosen === undefined || 202 in response ? { [JSON_TYPE]: BatchAnswerSchema } : { [JSON_TYPE]: ANYTHING, ...chosen };
  return { 202: types, 207: types };
};

/** Senders whose deliveries are signed ask first whether an address is meant for them. */
const CHALLENGE_ANSWERS = { 200: { 'text/plain': TEXT, [JSON_TYPE]: ChallengeAnswerSchema }, 204: {} };

const answersOf = (route: DialectRoute, described: RouteDescription, hasTriggers: boolean) => {
  const { response = {}, answers = {} } = described;
  const merged = new Map<string, MediaTypes>();
  const add = ([status, types]: readonly [string, MediaTypes]) =>
    merged.set(status, mergedTypes(merged.get(status) ?? {}, types));
  for (const [status, schema] of Object.entries(response)) add([status, { [JSON_TYPE]: schema }]);
  Object.entries(answers).forEach(add);
  if (route.does === 'start' && route.mapCloudEvent !== undefined) Object.entries(batchAnswers(described)).forEach(add);
  if (route.does === 'start' && hasTriggers) Object.entries(CHALLENGE_ANSWERS).forEach(add);
  return [...merged].map(([status, types]) => {
    const key = status === '0' ? 'default' : status;
    return [key, answerOf(key, types)] as const;
  });
};

const HEADERS: Readonly<Record<number, Readonly<Record<string, object>>>> = {
  401: { 'WWW-Authenticate': { schema: { type: 'string' } } },
  405: { Allow: { description: 'Methods of this address.', schema: { type: 'string' } } },
  429: { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } },
  503: { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } },
};

interface DescribedResponse {
  readonly description: string;
  readonly headers?: object;
  readonly types: MediaTypes;
}

const responsesOf = (route: DialectRoute, dialect: Dialect, described: RouteDescription) => {
  const schemas = described.errors ?? dialect.described?.errors ?? {};
  const refusals = refusalsOf(route, dialect, schemas).map(({ status, codes, content }) => {
    const headers = HEADERS[status];
    const description = `${nameOfStatus(status)}: ${codes.map((code) => `\`${code}\``).join(', ')}`;
    return [String(status), { description, ...(headers && { headers }), types: content }] as const;
  });
  const responses = new Map<string, DescribedResponse>(refusals);
  for (const [status, answer] of answersOf(route, described, dialect.declares !== undefined)) {
    const refusal = responses.get(status);
    responses.set(status, { ...refusal, ...answer, types: mergedTypes(refusal?.types ?? {}, answer.types) });
  }
  return Object.fromEntries(
    [...responses].map(([status, { types, ...rest }]) => [
      status,
      Object.keys(types).length === 0 ? rest : { ...rest, content: contentOf(types) },
    ]),
  );
};

const isOpen = (route: DialectRoute): boolean => route.does === 'answer' && route.access === 'public';

const securityOf = (route: DialectRoute, { auth }: DialectDescription, described: RouteDescription) => {
  if (isOpen(route)) return { security: [], 'x-auth': ['public'] };
  const ways = described.auth ?? (route.does === 'start' ? auth.start : auth.other);
  const named = ways.filter((way) => !WITHOUT_SCHEME.has(way)).map((way) => ({ [way]: [] }));
  return { security: named.length < ways.length ? [...named, {}] : named, 'x-auth': ways };
};

const serversOf = ({ listener }: DialectRoute, { listeners = [] }: Dialect) => {
  const port = listeners.find(({ name }) => name === listener)?.port;
  if (port === undefined) return {};
  const variables = { host: { default: 'localhost' }, port: { default: String(port) } };
  return { servers: [{ url: 'http://{host}:{port}', description: `The listener ${listener ?? ''}`, variables }] };
};

const describedOf = (route: DialectRoute, { described }: Dialect): RouteDescription => ({
  ...described?.of?.(route),
  ...route.describe,
});

const operationOf = (route: DialectRoute, method: string, dialect: Dialect): DescribedOperation => {
  const common = dialect.described ?? PLAIN;
  const described = describedOf(route, dialect);
  return {
    operationId: operationIdOf(route, method),
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    tags: [dialect.name],
    parameters: [
      ...pathParameters(route.url, described),
      ...queryParameters(described),
      ...headerParameters(route, method),
    ],
    ...bodyOf(described, method),
    responses: responsesOf(route, dialect, described),
    ...securityOf(route, common, described),
    ...serversOf(route, dialect),
  };
};

/** Routes of listeners that are not configured are left out: they are not there. */
export const describeDialect = (dialect: Dialect): DescribedDialect => {
  const open = new Set([undefined, ...(dialect.listeners ?? []).map(({ name }) => name)]);
  return {
    operations: dialect.routes
      .filter(({ listener }) => open.has(listener))
      .flatMap((route) =>
        route.methods.map((method) => ({
          path: templateOf(route.url, describedOf(route, dialect)),
          method: method.toLowerCase(),
          operation: operationOf(route, method, dialect),
        })),
      ),
    schemes: { ...SHARED_SCHEMES, ...dialect.described?.schemes },
  };
};
