import { fastifySwagger } from '@fastify/swagger';
import { type FastifyInstance } from 'fastify';
import { type TSchema } from 'typebox';

/** Parts of a route that the handler reads by itself: described, not enforced, by these schemas. */
export interface DescribedParts {
  readonly body?: TSchema;
  readonly querystring?: TSchema;
  readonly response?: Readonly<Record<number, TSchema>>;
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

/** Generates the description of every route that is registered after this, from the schemas that validate. */
export const describeRoutes = async (app: FastifyInstance, version: string): Promise<void> => {
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Millrace', version, description: DESCRIPTION, license: { name: 'MIT', identifier: 'MIT' } },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    },
    transform: ({ schema, url, route }) => {
      const { access, describe } = route.config ?? {};
      const isWildcard = url.endsWith('/*');
      const described = {
        ...schema,
        ...describe,
        ...(describe?.body === undefined ? {} : { [OPTIONAL_BODY]: true }),
        ...(isWildcard ? { params: wildcardParams(url) } : {}),
        security: access === 'public' ? [] : [{ bearer: [] }],
      };
      return { schema: described, url: isWildcard ? `${url.slice(0, -1)}:path` : url };
    },
    transformObject: (document) =>
      'openapiObject' in document ? freeOptionalBodies(document.openapiObject) : document.swaggerObject,
  });
};
