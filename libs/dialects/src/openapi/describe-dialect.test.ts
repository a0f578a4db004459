import { expect, describe, test } from 'vitest';
import { Value } from 'typebox/value';
import { ALL_DIALECTS } from '../all-dialects.ts';
import { type Dialect, type DialectRoute } from '../dialect.ts';
import { makeDialect } from '../make-dialect.ts';
import { type MediaTypes } from '../route-description.ts';
import { describeDialect } from './describe-dialect.ts';
import { mediaTypeOfAnswer, sampleErrors } from './refusals.ts';
import { WITHOUT_SCHEME } from './schemes.ts';

const SETTINGS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = { sink: { listen: 9_657 } };
const DIALECTS = ALL_DIALECTS.map((module) => makeDialect(module, SETTINGS[module.name]));

const operationsOf = (dialect: Dialect) =>
  describeDialect(dialect).operations.map(({ path, method, operation }) => ({
    name: `${method.toUpperCase()} ${path}`,
    path,
    method,
    operation: operation as unknown as {
      readonly operationId: string;
      readonly summary: string;
      readonly security: readonly Readonly<Record<string, unknown>>[];
      readonly 'x-auth': readonly string[];
      readonly parameters: readonly { readonly in: string; readonly name: string; readonly description?: string }[];
      readonly requestBody?: { readonly content: object };
      readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: object }>>;
      readonly servers?: readonly { readonly variables: object }[];
    },
  }));

const operation = (dialect: string, name: string) => {
  const found = DIALECTS.flatMap(operationsOf).find(
    ({ name: known, operation: { servers } }) => known === name && (dialect === 'listener') === (servers !== undefined),
  );
  if (found === undefined) throw new Error(`${name} is not described`);
  return found.operation;
};

const schemasOf = (route: DialectRoute, { described }: Dialect): MediaTypes =>
  route.describe?.errors ?? described?.of?.(route).errors ?? described?.errors ?? {};

describe.each(DIALECTS.map((dialect) => [dialect.name, dialect] as const))(
  'the description of %s',
  (_name, dialect) => {
    test('has for every operation its parameters, its answers and who may call', () => {
      const { schemes } = describeDialect(dialect);
      for (const { name, path, operation: told } of operationsOf(dialect)) {
        const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
        const declared = told.parameters.filter((parameter) => parameter.in === 'path');
        expect(
          declared.map((parameter) => parameter.name),
          name,
        ).toEqual(inPath);
        expect(
          declared.filter(({ description = '' }) => description === ''),
          name,
        ).toEqual([]);
        expect(
          Object.keys(told.responses).some((status) => /^2|default/.test(status)),
          name,
        ).toBe(true);
        expect(told['x-auth'].length, name).toBeGreaterThan(0);
        const named = told.security.flatMap((way) => Object.keys(way));
        expect(
          named.filter((way) => !(way in schemes)),
          name,
        ).toEqual([]);
        expect(
          told['x-auth'].filter((way) => !WITHOUT_SCHEME.has(way)),
          name,
        ).toEqual(named);
      }
    });

    test('has for every status and type that a refusal may have a schema that its body fits', () => {
      for (const route of dialect.routes) {
        const render = route.renderError ?? dialect.renderError;
        for (const error of sampleErrors(route)) {
          const { headers, body } = render(error, undefined, '/');
          const type = mediaTypeOfAnswer(headers) ?? '';
          const schema = schemasOf(route, dialect)[type];
          const where = `${route.operationId} ${error.code} ${type} ${String(body)}`;
          const value: unknown = type.endsWith('json') ? JSON.parse(String(body)) : body;
          expect(schema === undefined ? ['no schema'] : [...Value.Errors(schema, value)], where).toEqual([]);
        }
      }
    });

    test('has bodies for routes that start runs', () => {
      const starts = new Set(dialect.routes.filter(({ does }) => does === 'start').map(({ url }) => url));
      expect(starts.size).toBeGreaterThan(0);
      const posted = operationsOf(dialect).filter(
        ({ method, operation: { parameters } }) =>
          method === 'post' && parameters.some(({ name }) => name === 'Idempotency-Key'),
      );
      expect(posted.length).toBeGreaterThan(0);
      for (const { name, operation: told } of posted) {
        expect(Object.keys(told.requestBody?.content ?? {}), name).toContain('application/json');
      }
    });
  },
);

test.each<[string, string, readonly string[]]>([
  ['serve', 'POST /run/{path}', ['bearer']],
  ['windmill', 'POST /api/w/{workspace}/jobs/run/p/{path}', ['bearer', 'windmillCookie', 'windmillQuery']],
  ['endpoints', 'POST /api/endpoints/{path}', ['bearer', 'bifrostKey', 'signature', 'public']],
  ['kestra', 'POST /api/v1/executions/webhook/{namespace}/{flowId}/{key}', ['path_key']],
  ['kestra', 'GET /api/v1/{tenant}/executions/{id}', ['bearer', 'kestraBasic']],
  ['hooks', 'POST /hooks/key/{key}/{path}', ['path_key']],
  ['hooks', 'POST /hooks/{path}', ['bearer', 'hooksKey', 'signature', 'public']],
  ['sink', 'POST /sink/trigger/http/{app_id}/{path}', ['bearer', 'sinkToken', 'sinkHeader', 'signature', 'public']],
  ['listener', 'POST /{app_id}/{path}', ['bearer', 'sinkToken', 'sinkHeader', 'signature', 'public']],
  ['listener', 'GET /health', ['public']],
])('%s: %s is called by %s', (dialect, name, ways) => {
  expect(operation(dialect, name)['x-auth']).toEqual(ways);
});

test('errors have the status and the form that the dialect gives them', () => {
  const told = (dialect: string, name: string, status: number) =>
    Object.keys(operation(dialect, name).responses[String(status)]?.content ?? {});
  const RUN = 'POST /api/w/{workspace}/jobs/run/p/{path}';
  expect(told('windmill', RUN, 404)).toEqual(['text/plain']);
  expect(told('endpoints', 'POST /api/endpoints/{path}', 422)).toEqual(['application/json']);
  expect(told('hooks', 'POST /hooks/{path}', 429)).toEqual(['application/problem+json']);
  expect(told('serve', 'POST /run/{path}', 429)).toEqual(['application/problem+json', 'application/json']);
  expect(told('sink', 'POST /sink/trigger/http/{app_id}/{path}', 401)).toEqual(['application/json']);
  expect(told('listener', 'POST /{app_id}/{path}', 401)).toEqual(['text/plain']);
});

test('a dialect without a word about itself is described by its routes', () => {
  const [first] = DIALECTS;
  if (first === undefined) throw new Error('there are dialects');
  const silent: Dialect = { ...first, renderError: () => ({ status: 400 }) };
  Reflect.deleteProperty(silent, 'described');
  expect(operationsOf(silent).length).toBe(operationsOf(first).length);
});
