/** `GET /openapi.json`: every route that a listener really has is described, with its parameters, and nothing that is not there. */
import { claimDatabase, claimNats } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestGateway, type TestGateway } from '../testing/start-test-gateway.ts';
import { type RegisteredRoute } from './app.ts';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security: readonly Readonly<Record<string, readonly unknown[]>>[];
  readonly servers?: readonly { readonly url: string; readonly description: string }[];
  readonly parameters?: readonly {
    readonly in: string;
    readonly name: string;
    readonly required?: boolean;
    readonly schema: unknown;
  }[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Readonly<Record<string, object>> };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: object }>>;
}

interface Document {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly securitySchemes: Readonly<Record<string, object>> };
}

interface Described extends Operation {
  readonly path: string;
  readonly method: string;
}

let gateway: TestGateway;
let document: Document;
let operations: readonly Described[];
beforeAll(async () => {
  const urls = { natsUrl: claimNats().url, databaseUrl: (await claimDatabase()).url };
  gateway = await startTestGateway({ ...urls, settings: { dialects: { sink: { listen: 0 } } } });
  document = (await gateway.app.inject('/openapi.json')).json<Document>();
  operations = Object.entries(document.paths).flatMap(([path, byMethod]) =>
    Object.entries(byMethod).map(([method, operation]) => ({ ...operation, path, method: method.toUpperCase() })),
  );
});
afterAll(() => gateway.close());

/** Names of parameters do not count: `/a/:id/*` is described by `/a/{id}/{path}`, and by `/a/{id}/{one}/{two}`. */
const shapeOf = (template: string): string =>
  template.replaceAll(/:\w+|\{\w+\}|\*/g, '{}').replace(/(?:\/\{\})+$/, '/*');

const isOf = (listener: string | undefined, { servers }: Operation): boolean =>
  listener === undefined
    ? servers === undefined || servers.some(({ url }) => url === '/')
    : servers?.some(({ description }) => description.endsWith(` ${listener}`)) === true;

/** Those of a listener that do something, without HEAD where the framework adds it to GET. */
const namesOf = (routes: readonly RegisteredRoute[], described: readonly string[]): readonly string[] => {
  const real = routes.filter(({ refuses }) => !refuses).map(({ method, url }) => `${method} ${shapeOf(url)}`);
  const isTwin = (name: string): boolean => !described.includes(name) && real.includes(name.replace(/^HEAD /, 'GET '));
  return [...new Set(real.filter((name) => !(name.startsWith('HEAD ') && isTwin(name))))].sort();
};

const describedFor = (listener: string | undefined): readonly string[] =>
  [
    ...new Set(
      operations
        .filter((operation) => isOf(listener, operation))
        .map(({ method, path }) => `${method} ${shapeOf(path)}`),
    ),
  ].sort();

describe('GET /openapi.json describes', () => {
  test('every route of the main listener, and none that is not there', () => {
    const described = describedFor(undefined);
    const real = namesOf(gateway.routes, described);
    expect(real.length).toBeGreaterThan(100);
    expect(real).toContain('GET /workflows/*');
    expect(real).toContain('HEAD /api/w/{}/jobs/run/p/*');
    expect(described).toEqual(real);
  });

  test('every route of the second listener, with a server of its own', () => {
    const [listener] = gateway.listeners;
    expect(listener?.name).toBe('sink');
    const described = describedFor('sink');
    const real = namesOf(listener?.routes ?? [], described);
    expect(real).toEqual(expect.arrayContaining(['GET /health', 'OPTIONS /*', 'POST /*']));
    expect(described).toEqual(real);
  });

  test('one address of two listeners with both servers and both forms', () => {
    expect(document.paths['/health']?.['get']).toMatchObject({
      servers: [{ url: '/' }, { url: 'http://{host}:{port}' }],
      responses: { 200: { content: { 'application/json': {}, 'text/plain': {} } } },
    });
  });
});

describe('every operation', () => {
  test('has a name of its own, words, and answers', () => {
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    for (const { operationId, summary, responses, tags } of operations) {
      expect([operationId, summary].every((text) => text.length > 0)).toBe(true);
      expect([operationId, tags.length]).toEqual([operationId, 1]);
      expect(
        Object.keys(responses).filter((status) => !/^([1-5]\d\d|default)$/.test(status)),
        operationId,
      ).toEqual([]);
      expect(Object.keys(responses), operationId).not.toEqual([]);
      expect(Object.values(responses).filter(({ description }) => typeof description !== 'string')).toEqual([]);
    }
  });

  test('declares the parameters of its address, once each, and no others', () => {
    for (const { path, method, parameters = [] } of operations) {
      const inPath = parameters.filter((parameter) => parameter.in === 'path');
      const expected = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect([method, path, inPath.map(({ name }) => name).sort()]).toEqual([method, path, expected.sort()]);
      expect(inPath.filter(({ required }) => required !== true)).toEqual([]);
      expect(parameters.filter(({ schema }) => schema === undefined)).toEqual([]);
      const keys = parameters.map((parameter) => `${parameter.in} ${parameter.name}`);
      expect([method, path, new Set(keys).size]).toEqual([method, path, keys.length]);
    }
  });

  test('names ways to show who calls that the document has', () => {
    const known = Object.keys(document.components.securitySchemes);
    expect(known).toEqual(expect.arrayContaining(['bearer', 'windmillQuery', 'bifrostKey', 'signature']));
    const used = new Set(operations.flatMap(({ security }) => security.flatMap((way) => Object.keys(way))));
    expect([...used].sort()).toEqual(known.toSorted());
  });

  test('is guarded, except for those that are open to anybody', () => {
    const open = operations.filter(({ method, security }) => !/OPTIONS|HEAD/.test(method) && security.length === 0);
    expect(open.map(({ path }) => path).sort()).toEqual(['/api/hooks/health', '/health', '/openapi.json']);
  });
});

/** What OpenAPI 3.1 demands of a document, as far as this one uses it. */
test('the document has the form of OpenAPI 3.1', () => {
  expect(document.openapi).toBe('3.1.0');
  expect(document.info).toMatchObject({ title: 'Millrace', version: '0.0.0' });
  for (const [path, byMethod] of Object.entries(document.paths)) {
    expect(path).toMatch(/^\//);
    const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];
    expect(Object.keys(byMethod).filter((method) => !methods.includes(method))).toEqual([]);
  }
  for (const scheme of Object.values(document.components.securitySchemes)) {
    expect([
      { type: 'http', scheme: expect.stringMatching(/^(bearer|basic)$/) as string },
      {
        type: 'apiKey',
        name: expect.any(String) as string,
        in: expect.stringMatching(/^(query|header|cookie)$/) as string,
      },
    ]).toContainEqual(
      'scheme' in scheme ? { type: 'http', scheme: scheme.scheme } : { ...scheme, description: undefined },
    );
  }
  const text = JSON.stringify(document);
  expect(text).not.toContain('x-optional-body');
  // No schema but those that stand where they are used: nothing to resolve.
  expect(text).not.toContain('"$ref"');
  // A run may be asked for without a body.
  expect(document.paths['/run/{path}']?.['post']).toMatchObject({ requestBody: { required: false } });
});
