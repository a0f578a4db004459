import { type Server } from 'node:http';
import { fastifySSE } from '@fastify/sse';
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import { fastify, type FastifyInstance, type FastifyHttpOptions } from 'fastify';
import { AppError } from '@millrace/kernel';
import { BODY_BYTES_MAX } from '@millrace/contracts';
import { parseJson } from './admission/parse-json.ts';
import { requireAccess } from './auth/require-access.ts';
import { type GatewayDeps } from './deps.ts';
import { serveHealth } from './dialects/serve/health.ts';
import { serveRun } from './dialects/serve/run.ts';
import { serveStatus } from './dialects/serve/status.ts';
import { serveTasks } from './dialects/serve/tasks.ts';
import { drainOnClose } from './drain.ts';
import { type ErrorHandler, makeErrorHandler } from './errors/error-handler.ts';
import { makeHostAllowed } from './guards/host.ts';
import {
  CONNECTIONS_CHECK_MS,
  CONNECTIONS_MAX,
  HEADER_BYTES_MAX,
  HEADERS_TIMEOUT_MS,
  KEEP_ALIVE_MS,
  REQUEST_TIMEOUT_MS,
  SSE_HEARTBEAT_MS,
} from './limits.ts';
import { type GatewayMetrics, makeGatewayMetrics } from './metrics.ts';
import { describeRoutes } from './openapi.ts';
import { type GatewayParts, makeParts } from './parts.ts';
import { cancelRunRoute } from './routes/cancel-run.ts';
import { openApiRoute } from './routes/openapi.ts';
import { rerunRoute } from './routes/rerun.ts';
import { runLogsRoute } from './routes/run-logs.ts';
import { runStreamRoute } from './routes/run-stream.ts';
import { runsRoutes } from './routes/runs.ts';
import { tokensRoutes } from './routes/tokens.ts';
import { workflowsRoutes } from './routes/workflows.ts';

const serverOptions = (handleError: ErrorHandler): FastifyHttpOptions<Server> => ({
  bodyLimit: BODY_BYTES_MAX,
  requestTimeout: REQUEST_TIMEOUT_MS,
  keepAliveTimeout: KEEP_ALIVE_MS,
  http: {
    headersTimeout: HEADERS_TIMEOUT_MS,
    connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
    maxHeaderSize: HEADER_BYTES_MAX,
  },
  // Requests on open connections while the gateway ends get a problem with `Retry-After` instead: see `drainOnClose`.
  return503OnClosing: false,
  frameworkErrors: (error, request, reply) => void handleError(error, request, reply),
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
  const { catalog, connection, readModel, tokens, ids, clock, log, settings } = deps;
  const { findVisibleRun, startRun } = parts;
  const { shard } = settings;
  await app.register(serveHealth, parts);
  await app.register(serveTasks, { catalog });
  await app.register(serveRun, { catalog, startRun, metrics, log, draining });
  await app.register(serveStatus, { findVisibleRun });
  await app.register(runsRoutes, { readModel, findVisibleRun });
  await app.register(runLogsRoute, { readModel, findVisibleRun });
  await app.register(runStreamRoute, { ...parts, draining });
  await app.register(cancelRunRoute, { ...deps, findVisibleRun });
  await app.register(rerunRoute, { catalog, connection, shard, startRun, findVisibleRun, draining });
  await app.register(workflowsRoutes, { catalog });
  await app.register(tokensRoutes, { tokens, ids, clock, log });
  await app.register(openApiRoute);
};

/** The HTTP application, not listening yet. Closing it ends waits and streams first, then frees everything that was made here. */
export const buildApp = async (deps: GatewayDeps): Promise<FastifyInstance> => {
  const metrics = makeGatewayMetrics(deps.metrics);
  const handleError = makeErrorHandler({ log: deps.log, metrics });
  const app = fastify(serverOptions(handleError));
  const parts = makeParts(deps);
  app.server.maxConnections = CONNECTIONS_MAX;
  app.setValidatorCompiler(TypeBoxValidatorCompiler);
  app.setSerializerCompiler(() => (body) => JSON.stringify(body));
  app.setErrorHandler(handleError);
  app.setNotFoundHandler(() => {
    throw new AppError('not_found', 'http.not_found', 'there is nothing at this address');
  });
  acceptJsonOnly(app);
  const draining = drainOnClose(app, () => parts.close());
  requireAccess(app, { ...deps, isHostAllowed: makeHostAllowed(deps.settings.hostNames) });
  countAnswers(app, metrics);
  await app.register(fastifySSE, { heartbeatInterval: SSE_HEARTBEAT_MS });
  await describeRoutes(app, deps.settings.version);
  await registerRoutes(app, { deps, parts, metrics, draining });
  return app;
};
