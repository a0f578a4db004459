import { type Server } from 'node:http';
import { fastifySSE } from '@fastify/sse';
import { fastify, type FastifyInstance, type FastifyHttpOptions } from 'fastify';
import { AppError } from '@millrace/kernel';
import { BODY_BYTES_MAX } from '@millrace/contracts';
import { type Dialect, parseJson } from '@millrace/dialects';
import { requireAccess } from './auth/require-access.ts';
import { type GatewayDeps } from './deps.ts';
import { drainOnClose } from './drain.ts';
import { compileValidator } from './errors/compile-validator.ts';
import { answerBrokenRequest } from './errors/answer-broken-request.ts';
import { type ErrorHandler, makeErrorHandler } from './errors/error-handler.ts';
import { formOfPath } from './errors/form-of-path.ts';
import { mountDialects } from './intake/mount.ts';
import { makeIntakeParts } from './intake/intake-parts.ts';
import { makeHostAllowed } from './guards/host.ts';
import { requireKnownParameters } from './guards/known-parameters.ts';
import { HEADER_BYTES_MAX } from './limits.ts';
import { type GatewayMetrics, makeGatewayMetrics } from './metrics.ts';
import { describeRoutes } from './openapi.ts';
import { type GatewayParts, makeParts } from './parts.ts';
import { cancelRunRoute } from './routes/cancel-run.ts';
import { healthRoute } from './routes/health.ts';
import { openApiRoute } from './routes/openapi.ts';
import { requestsRoutes } from './routes/requests.ts';
import { rerunRoute } from './routes/rerun.ts';
import { runLogsRoute } from './routes/run-logs.ts';
import { runStreamRoute } from './routes/run-stream.ts';
import { runsRoutes } from './routes/runs.ts';
import { secretsRoutes } from './routes/secrets.ts';
import { tasksRoute } from './routes/tasks.ts';
import { triggerSwitchRoutes } from './routes/trigger-switch.ts';
import { triggersRoutes } from './routes/triggers.ts';
import { tokensRoutes } from './routes/tokens.ts';
import { webhooksRoutes } from './routes/webhooks.ts';
import { whyRoute } from './routes/why.ts';
import { workflowsRoutes } from './routes/workflows.ts';
import { SERVER_LIMITS, type ServerLimits } from './server-limits.ts';

const serverOptions = (
  handleError: ErrorHandler,
  limits: ServerLimits,
  dialects: readonly Dialect[],
): FastifyHttpOptions<Server> => ({
  bodyLimit: BODY_BYTES_MAX,
  requestTimeout: limits.requestTimeoutMs,
  keepAliveTimeout: limits.keepAliveMs,
  http: {
    headersTimeout: limits.headersTimeoutMs,
    connectionsCheckingInterval: limits.connectionsCheckMs,
    maxHeaderSize: HEADER_BYTES_MAX,
  },
  // Requests on open connections while the gateway ends get a problem with `Retry-After` instead: see `drainOnClose`.
  return503OnClosing: false,
  // A fault while an error is answered costs this caller its connection, and nobody else anything.
  frameworkErrors: (error, request, reply) =>
    void handleError(error, request, reply, formOfPath(dialects, request.url.split('?', 1)[0] ?? '')).catch(() =>
      request.raw.destroy(),
    ),
  clientErrorHandler: answerBrokenRequest,
  routerOptions: { maxParamLength: 256 },
});

/** One strict media type for our own routes; the serve dialect has a parser of its own. */
const acceptJsonOnly = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => {
    try {
      done(null, parseJson(String(text)));
    } catch (error) {
      done(error as Error, undefined);
    }
  });
};

/** A route that a listener really has. */
export interface RegisteredRoute {
  readonly method: string;
  /** As the framework writes it: `/a/:b/*`. */
  readonly url: string;
  /** True where nothing is but the refusal of a method. */
  readonly refuses: boolean;
}

const listRoutes = (app: FastifyInstance): readonly RegisteredRoute[] => {
  const routes: RegisteredRoute[] = [];
  app.addHook('onRoute', ({ method, url, config }) => {
    const refuses = config?.refuses === true;
    routes.push(...[method].flat().map((name) => ({ method: name, url, refuses })));
  });
  return routes;
};

const countAnswers = (app: FastifyInstance, metrics: GatewayMetrics): void => {
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    metrics.requests.inc({ route, method: request.method, status: reply.statusCode });
    done();
  });
};

interface RouteContext {
  readonly deps: GatewayDeps;
  readonly parts: GatewayParts;
  readonly metrics: GatewayMetrics;
  readonly draining: AbortSignal;
}

const registerRoutes = async (
  app: FastifyInstance,
  { deps, parts, metrics, draining }: RouteContext,
): Promise<void> => {
  const { catalog, connection, readModel, tokens, ids, clock, log, ring } = deps;
  const { renderError } = parts.serve;
  await app.register(healthRoute, parts);
  await app.register(tasksRoute, { catalog, renderError });
  const intake = makeIntakeParts({ deps, parts, metrics, draining });
  await mountDialects(app, intake);
  await app.register(requestsRoutes, { readModel, ...intake });
  await app.register(triggerSwitchRoutes, { ...deps, ...parts });
  await app.register(runsRoutes, { readModel, ...parts });
  await app.register(whyRoute, { ...parts, connection, ring });
  await app.register(runLogsRoute, { readModel, ...parts });
  await app.register(runStreamRoute, { ...parts, draining });
  await app.register(cancelRunRoute, parts);
  await app.register(rerunRoute, { ...parts, catalog, connection, draining });
  await app.register(workflowsRoutes, { catalog });
  await app.register(triggersRoutes, { ...deps, ...parts });
  await app.register(tokensRoutes, { tokens, ids, clock, log });
  await app.register(secretsRoutes, deps);
  await app.register(webhooksRoutes, deps);
  await app.register(openApiRoute);
};

interface ServerContext extends Omit<RouteContext, 'draining'> {
  readonly limits: ServerLimits;
  /** The answer to errors at addresses that do not exist. */
  readonly renderUnknown: Dialect['renderError'];
  /** Called when the last connection is closed. */
  readonly free: () => void;
}

interface GuardedServer {
  readonly app: FastifyInstance;
  readonly routes: readonly RegisteredRoute[];
  /** Aborted as soon as it ends. */
  readonly draining: AbortSignal;
}

/** A server with everything that guards its routes, and no route yet. */
const makeServer = ({ deps, parts, metrics, limits, renderUnknown, free }: ServerContext): GuardedServer => {
  const handleError = makeErrorHandler({ log: deps.log, metrics, inbox: parts.inbox, renderUnknown });
  const app = fastify(serverOptions(handleError, limits, parts.dialects));
  app.server.maxConnections = limits.connectionsMax;
  app.setValidatorCompiler(compileValidator);
  app.setSerializerCompiler(() => (body) => JSON.stringify(body));
  app.setErrorHandler(handleError);
  app.setNotFoundHandler(() => {
    throw new AppError('not_found', 'http.not_found', 'there is nothing at this address');
  });
  acceptJsonOnly(app);
  const draining = drainOnClose(app, free);
  const routes = listRoutes(app);
  requireAccess(app, { ...deps, brake: parts.brake, isHostAllowed: makeHostAllowed(deps.settings.hostNames) });
  requireKnownParameters(app);
  countAnswers(app, metrics);
  return { app, routes, draining };
};

/** A further port with routes of one dialect and nothing else. */
export interface SideListener {
  readonly name: string;
  /** As configured; 0 takes any free one. */
  readonly port: number;
  readonly app: FastifyInstance;
  /** Grows until the application is ready. */
  readonly routes: readonly RegisteredRoute[];
}

export interface Gateway {
  /** The HTTP application, not listening yet. Closing it closes the side listeners, then frees everything that was made here. */
  readonly app: FastifyInstance;
  /** Grows until the application is ready. */
  readonly routes: readonly RegisteredRoute[];
  readonly listeners: readonly SideListener[];
}

const makeSideListeners = (context: Omit<ServerContext, 'renderUnknown' | 'free'>): Promise<readonly SideListener[]> =>
  Promise.all(
    context.parts.dialects.flatMap((dialect) =>
      (dialect.listeners ?? []).map(async ({ name, port }) => {
        const route = dialect.routes.find(({ listener }) => listener === name);
        const renderUnknown = route?.renderError ?? dialect.renderError;
        const { app, routes, draining } = makeServer({ ...context, renderUnknown, free: () => undefined });
        await mountDialects(app, makeIntakeParts({ ...context, draining }), name);
        return { name, port, app, routes };
      }),
    ),
  );

/** The gateway, not listening yet. */
export const buildGateway = async (deps: GatewayDeps, changes: Partial<ServerLimits> = {}): Promise<Gateway> => {
  const limits = { ...SERVER_LIMITS, ...changes };
  const metrics = makeGatewayMetrics(deps.metrics);
  const parts = makeParts(deps, metrics);
  const context = { deps, parts, metrics, limits };
  const { renderError: renderUnknown } = parts.serve;
  const { app, routes, draining } = makeServer({ ...context, renderUnknown, free: () => parts.close() });
  await app.register(fastifySSE, { heartbeatInterval: limits.sseHeartbeatMs });
  await describeRoutes(app, { version: deps.settings.version, dialects: parts.dialects });
  await registerRoutes(app, { ...context, draining });
  const listeners = await makeSideListeners(context);
  app.addHook('preClose', async () => {
    await Promise.all(listeners.map((listener) => listener.app.close()));
  });
  return { app, routes, listeners };
};
