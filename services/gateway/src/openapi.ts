import { fastifySwagger } from '@fastify/swagger';
import { type FastifyContextConfig, type FastifyInstance } from 'fastify';
import { ProblemSchema } from '@millrace/contracts';
import { type DescribedDialect, type DescribedOperation, type Dialect, describeDialect } from '@millrace/dialects';
import { type TSchema } from 'typebox';

/** Parts of a route that the handler reads by itself: described, not enforced, by these schemas. */
export interface DescribedParts {
  readonly body?: TSchema;
  readonly querystring?: TSchema;
  /** Schemas of JSON, or `content` by media type. */
  readonly response?: Readonly<Record<number, TSchema | { readonly content: object }>>;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    describe?: DescribedParts;
  }
}

const DESCRIPTION =
  'Turns HTTP requests into durable workflow runs. A 2xx with a run id means that the request is on disk. ' +
  'Every request but a GET needs the header `X-Workflow-Client` with any text that names the caller.';

/** A wildcard is one parameter that may hold slashes. */
const WILDCARD = { type: 'string', description: 'path of the workflow, `<category>/<task>`; categories may nest' };

/** The parameters of an address that ends in a wildcard: the framework finds only those of a schema. */
const wildcardParams = (url: string) => {
  const names = [...url.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
  const named = Object.fromEntries(names.map((name) => [name, { type: 'string' }]));
  return { type: 'object', properties: { ...named, path: WILDCARD }, required: [...names, 'path'] };
};

/** Marks routes that read their body by themselves, and take a request without one. Never shown. */
const OPTIONAL_BODY = 'x-optional-body';

interface Operation {
  readonly [OPTIONAL_BODY]?: boolean;
  readonly requestBody?: object;
}

/** The generator calls every body required. */
const freeOptionalBodies = <Document extends { readonly paths?: object | undefined }>(document: Document): Document => {
  const operations = Object.values(document.paths ?? {}).flatMap((path: object) => Object.values(path) as Operation[]);
  for (const operation of operations) {
    if (operation[OPTIONAL_BODY] !== true) continue;
    if (operation.requestBody !== undefined) Object.assign(operation.requestBody, { required: false });
    Reflect.deleteProperty(operation, OPTIONAL_BODY);
  }
  return document;
};

/** Refusals of routes of our own have a media type of their own. */
const asProblems = (response: NonNullable<DescribedParts['response']>) =>
  Object.fromEntries(
    Object.entries(response).map(([status, schema]) => [
      status,
      schema === ProblemSchema ? { content: { 'application/problem+json': { schema } } } : schema,
    ]),
  );

/** A route of our own, as it is described: what its handler reads by itself counts more than what is enforced. */
const describedSchema = (schema: DescribedParts | undefined, config: Partial<FastifyContextConfig> = {}) => {
  const { access, describe } = config;
  const response = describe?.response ?? schema?.response;
  return {
    ...schema,
    ...describe,
    ...(response === undefined ? {} : { response: asProblems(response) }),
    ...(describe?.body === undefined ? {} : { [OPTIONAL_BODY]: true }),
    security: access === 'public' ? [] : [{ bearer: [] }],
  };
};

type Paths = Record<string, Record<string, DescribedOperation>>;

interface OpenApiDocument {
  readonly paths?: Paths;
  readonly components?: { securitySchemes?: object };
}

const MAIN_SERVER = { url: '/', description: 'The main listener' };

/** Two listeners may have the same address: one operation tells both, and which servers have it. */
const merged = (there: DescribedOperation | undefined, added: DescribedOperation): DescribedOperation => {
  if (there === undefined) return added;
  const responses = { ...added.responses, ...there.responses };
  for (const [status, { content }] of Object.entries(added.responses)) {
    const known = there.responses[status];
    if (known !== undefined) responses[status] = { ...known, content: { ...content, ...known.content } };
  }
  return { ...there, responses, servers: [...(there.servers ?? [MAIN_SERVER]), ...(added.servers ?? [MAIN_SERVER])] };
};

/** Adds the routes of dialects, as they describe themselves, those of other listeners, too. */
const addDialects = <Document extends object>(document: Document, described: readonly DescribedDialect[]): Document => {
  const { paths = {}, components = {} } = document as OpenApiDocument;
  for (const { operations, schemes } of described) {
    components.securitySchemes = { ...components.securitySchemes, ...schemes };
    for (const { path, method, operation } of operations) {
      const there = (paths[path] ??= {});
      there[method] = merged(there[method], operation);
    }
  }
  return { ...document, paths, components };
};

/**
 * Generates the description of every route that is registered after this, from the schemas that validate, and of the routes of dialects.
 */
export const describeRoutes = async (
  app: FastifyInstance,
  { version, dialects }: { readonly version: string; readonly dialects: readonly Dialect[] },
): Promise<void> => {
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Millrace', version, description: DESCRIPTION, license: { name: 'MIT', identifier: 'MIT' } },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    },
    transform: ({ schema, url, route }) => {
      const isWildcard = url.endsWith('/*');
      const described = {
        ...describedSchema(schema as DescribedParts | undefined, route.config),
        ...(isWildcard ? { params: wildcardParams(url) } : {}),
      };
      return { schema: described, url: isWildcard ? `${url.slice(0, -1)}:path` : url };
    },
    transformObject: (document) =>
      'openapiObject' in document
        ? addDialects(freeOptionalBodies(document.openapiObject), dialects.map(describeDialect))
        : document.swaggerObject,
  });
};
