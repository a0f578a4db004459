import { type FastifyInstance, type RouteOptions } from 'fastify';
import { AppError, suggest } from '@millrace/kernel';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Names that the query may hold; absent on routes of a dialect, which ignores others. */
    parameters?: readonly string[];
  }
}

const namesIn = (schema: unknown): readonly string[] =>
  typeof schema === 'object' && schema !== null && 'properties' in schema ? Object.keys(schema.properties ?? {}) : [];

const parametersOf = ({ schema, config }: RouteOptions): readonly string[] => [
  ...new Set([...namesIn(schema?.querystring), ...namesIn(config?.describe?.querystring)]),
];

const advise = (name: string, known: readonly string[]): string => {
  const meant = suggest(name, known);
  if (meant !== undefined) return `did you mean ${meant}?`;
  return known.length === 0 ? 'this address takes none' : `there are ${known.join(', ')}`;
};

/** @throws AppError `invalid` `http.unknown_parameter` that names each of them and what was probably meant. */
export const checkParameters = (query: unknown, known: readonly string[]): void => {
  if (typeof query !== 'object' || query === null) return;
  const unknown = Object.keys(query).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const problems = unknown.map((name) => `unknown query parameter ${JSON.stringify(name)}: ${advise(name, known)}`);
  throw new AppError('invalid', 'http.unknown_parameter', problems.join('; '));
};

/** A filter with a typing error would silently answer with everything: on our own routes every parameter has to be known. */
export const requireKnownParameters = (app: FastifyInstance): void => {
  app.addHook('onRoute', (route) => {
    if (route.config !== undefined && route.config.renderError === undefined)
      route.config.parameters = parametersOf(route);
  });
  app.addHook('preValidation', (request, _reply, done) => {
    try {
      const { parameters } = request.routeOptions.config;
      if (parameters !== undefined) checkParameters(request.query, parameters);
      done();
    } catch (error) {
      done(error as Error);
    }
  });
};
