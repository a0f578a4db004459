import { METHODS } from 'node:http';
import { type FastifyContextConfig, type FastifyInstance, type FastifyRequest } from 'fastify';
import { AppError } from '@millrace/kernel';
import { BODY_BYTES_MAX } from '@millrace/contracts';
import { type Dialect, type DialectRoute, type ReadRoute } from '@millrace/dialects';
import { type EnterTrigger, type RefuseMethod } from './enter.ts';
import { type Handler, type HandlerDeps, makeHandlers } from './handlers.ts';

export interface MountDeps extends HandlerDeps {
  readonly dialects: readonly Dialect[];
  readonly enter: EnterTrigger;
  readonly refuseMethod: RefuseMethod;
}

/** All that the parser of HTTP lets through: `TRACE` and those of WebDAV, too. A tunnel is no request, and never gets here. */
const ALL_METHODS = METHODS.filter((method) => method !== 'CONNECT');

/** Lets the framework answer methods that it does not know by itself. Their bodies are of no interest to anybody. */
const knowAllMethods = (app: FastifyInstance): void => {
  for (const method of ALL_METHODS) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method);
};

/** Raw bytes, whatever they say they are: signatures are made over them, and dialects read them by rules of their own. */
const readRawBodies = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, bytes, done) => done(null, bytes));
  app.addHook('preParsing', (request, _reply, _payload, done) => {
    // The framework refuses types that it cannot read; here the dialect decides, and it sees the header as it was sent.
    request.sentContentType = request.raw.headers['content-type'];
    delete request.raw.headers['content-type'];
    done();
  });
  app.addHook('preHandler', (request, _reply, done) => {
    if (request.sentContentType !== undefined) request.raw.headers['content-type'] = request.sentContentType;
    done();
  });
};

/** Who may call a route, and how its errors look. */
const configOf = (dialect: Dialect, route: DialectRoute, enter: EnterTrigger): FastifyContextConfig => {
  const common = {
    renderError: route.renderError ?? dialect.renderError,
    ...(route.credentials && { credentials: route.credentials }),
  };
  if (route.does === 'start')
    return { ...common, access: 'trigger', enter: (request) => enter(request, dialect, route) };
  const access = route.does === 'answer' ? route.access : route.does === 'cancel' ? 'run' : 'read';
  const takesCrossSite =
    route.does === 'answer' ? route.takesCrossSite : (route as Partial<ReadRoute>).takesCrossSiteTokens;
  return { ...common, access, skipsClientHeader: true, ...(takesCrossSite === true && { takesCrossSite }) };
};

interface Mounted {
  readonly config: FastifyContextConfig;
  readonly handler: Handler;
}

const mountRoute = (app: FastifyInstance, route: DialectRoute, { config, handler }: Mounted): void => {
  for (const method of route.methods) {
    app.route({
      method,
      url: route.url,
      exposeHeadRoute: false,
      bodyLimit: route.does === 'start' ? (route.bodyMax ?? BODY_BYTES_MAX) : BODY_BYTES_MAX,
      // The dialect itself describes it: see `describeDialect`.
      schema: { hide: true },
      config,
      handler,
    });
  }
};

const isOpenAddress = (route: DialectRoute): boolean =>
  route.does === 'start' ? !route.hidesAddresses : route.does === 'answer' && route.access === 'public';

/** Who learns that a method is not for the routes of one address: for triggers, who may know of the address. */
const refusalConfig = (
  there: readonly DialectRoute[],
  dialect: Dialect,
  error: (request: FastifyRequest) => AppError,
): FastifyContextConfig => {
  const renderError = there.find((route) => route.renderError !== undefined)?.renderError ?? dialect.renderError;
  const credentials = there.find((route) => route.credentials !== undefined)?.credentials;
  const common = { refuses: true, renderError, skipsClientHeader: true, ...(credentials && { credentials }) };
  if (there.every(isOpenAddress)) return { ...common, access: 'public' };
  if (!there.some(({ does }) => does === 'start')) return { ...common, access: 'read' };
  return {
    ...common,
    access: 'trigger',
    enter: (request) => {
      throw error(request);
    },
  };
};

/** A preflight answers where a trigger is for pages, which only its address says. */
const isPreflight = (route: DialectRoute): boolean => route.does === 'answer' && route.mayBeUnknown === true;

const methodsOf = (routes: readonly DialectRoute[]): readonly string[] =>
  [...new Set(routes.flatMap(({ methods }) => methods))].sort();

/** Every other method at the addresses of a dialect: 405 with `Allow`, before anything of the body is read. */
const refuseOtherMethods = (app: FastifyInstance, dialect: Dialect, refuseMethod: RefuseMethod): void => {
  for (const [url, there] of Map.groupBy(dialect.routes, (route) => route.url)) {
    const taken = methodsOf(there);
    const allow = methodsOf(there.filter((route) => !isPreflight(route)));
    const others = ALL_METHODS.filter((method) => !taken.includes(method));
    if (others.length === 0) continue;
    const start = there.find((route) => route.does === 'start');
    const error = (request: FastifyRequest): AppError =>
      start === undefined
        ? new AppError('refused', 'http.method_not_allowed', `${request.method} is not for this address`, {
            details: { allow },
          })
        : refuseMethod(request, dialect, start, allow);
    app.route({
      method: others,
      url,
      exposeHeadRoute: false,
      schema: { hide: true },
      config: refusalConfig(there, dialect, error),
      onRequest: (request, _reply, done) => done(error(request)),
      handler: async () => undefined,
    });
  }
};

/**
 * Puts the routes of all dialects on the HTTP framework, each dialect in a scope of its own.
 *
 * @param listener Only the routes of this one; by default those of the main listener.
 */
export const mountDialects = async (app: FastifyInstance, deps: MountDeps, listener?: string): Promise<void> => {
  const handlerOf = makeHandlers(deps);
  knowAllMethods(app);
  for (const dialect of deps.dialects) {
    const routes = dialect.routes.filter((route) => route.listener === listener);
    await app.register(async (scope) => {
      readRawBodies(scope);
      for (const route of routes) {
        const config = configOf(dialect, route, deps.enter);
        mountRoute(scope, route, { config, handler: handlerOf(route) });
      }
      refuseOtherMethods(scope, { ...dialect, routes }, deps.refuseMethod);
    });
  }
};
