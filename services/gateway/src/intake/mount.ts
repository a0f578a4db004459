import { type FastifyInstance, type FastifyReply, type FastifyRequest, type RouteOptions } from 'fastify';
import { AppError } from '@millrace/kernel';
import { BODY_BYTES_MAX } from '@millrace/contracts';
import { allows } from '@millrace/domain';
import {
  type AnswerRoute,
  type CancelRoute,
  type Dialect,
  type DialectRoute,
  type FollowRoute,
  type ReadRoute,
  type RunSnapshot,
  type StartRoute,
  type TriggerDirectory,
} from '@millrace/dialects';
import { type RunRow } from '@millrace/read-model';
import { type CancelRun } from '../admission/cancel-run.ts';
import { principalOf } from '../auth/require-access.ts';
import { type FindVisibleRun } from '../reading/find-visible-run.ts';
import { type ReadRunLogs } from '../reading/run-logs.ts';
import { isOver } from '../views/run-views.ts';
import { type EnterTrigger } from './enter.ts';
import { Inbound } from './inbound.ts';
import { type Intake } from './intake.ts';
import { sendAnswer } from './send-answer.ts';
import { sendStream, type StreamTools } from './send-stream.ts';

export interface MountDeps extends StreamTools {
  readonly dialects: readonly Dialect[];
  readonly directory: TriggerDirectory;
  readonly enter: EnterTrigger;
  readonly intake: Intake;
  readonly findVisibleRun: FindVisibleRun;
  readonly readRunLogs: ReadRunLogs;
  readonly cancelRun: CancelRun;
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>;

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Raw bytes, whatever they say they are: signatures are made over them, and dialects read them by their own rules. */
const readRawBodies = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, bytes, done) => done(null, bytes));
  app.addHook('preParsing', (request, _reply, _payload, done) => {
    // The framework refuses types that it cannot read; here the dialect decides. It sees the header as it was sent.
    request.sentContentType = request.raw.headers['content-type'];
    delete request.raw.headers['content-type'];
    done();
  });
  app.addHook('preHandler', (request, _reply, done) => {
    if (request.sentContentType !== undefined) request.raw.headers['content-type'] = request.sentContentType;
    done();
  });
};

const snapshotOf = (row: RunRow): RunSnapshot => row;

/** Puts a dialect's routes on the HTTP framework. */
const mountDialect = async (app: FastifyInstance, dialect: Dialect, deps: MountDeps): Promise<void> => {
  const inboundOf = (request: FastifyRequest): Inbound => new Inbound(request, request.ip);

  const findRun = async (request: FastifyRequest, inbound: Inbound, route: ReadRoute | FollowRoute | CancelRoute) => {
    const row = await deps.findVisibleRun(principalOf(request), route.runId(inbound));
    request.runId = row.id;
    return row;
  };

  const start = (): Handler => async (request, reply) => {
    if (request.entry === null) throw new Error('a trigger was not entered');
    return deps.intake(request.entry, request, reply);
  };

  const read =
    (route: ReadRoute): Handler =>
    async (request, reply) => {
      const inbound = inboundOf(request);
      const row = await findRun(request, inbound, route);
      const logs = route.needsLogs === true ? await deps.readRunLogs(row.id) : '';
      return sendAnswer(reply, route.render(snapshotOf(row), inbound, logs));
    };

  const follow =
    (route: FollowRoute): Handler =>
    async (request, reply) => {
      const inbound = inboundOf(request);
      const row = await findRun(request, inbound, route);
      const run = {
        runId: row.id,
        workspace: row.workspace,
        workflow: row.workflow,
        version: row.version,
        traceId: row.traceId ?? '',
        replayed: false,
        requestedAt: row.requestedAt,
        input: row.input,
      };
      await sendStream(reply, { stream: route.stream, run, request: inbound, isOver: isOver(row) }, deps);
      return undefined;
    };

  const cancel =
    (route: CancelRoute): Handler =>
    async (request, reply) => {
      const inbound = inboundOf(request);
      const row = await findRun(request, inbound, route);
      const principal = principalOf(request);
      if (!allows(principal.scopes, 'run', row.workflow)) {
        throw new AppError('forbidden', 'auth.forbidden', 'this token may not cancel this run');
      }
      if (!isOver(row)) await deps.cancelRun(row, principal.id, route.reason(inbound));
      return sendAnswer(reply, route.render(snapshotOf(row), inbound));
    };

  const answer =
    (route: AnswerRoute): Handler =>
    async (request, reply) =>
      sendAnswer(reply, route.answer(inboundOf(request), deps.directory));

  const handlerOf = (route: DialectRoute): Handler => {
    switch (route.does) {
      case 'start':
        return start();
      case 'read':
        return read(route);
      case 'follow':
        return follow(route);
      case 'cancel':
        return cancel(route);
      case 'answer':
        return answer(route);
    }
  };

  const accessOf = (route: DialectRoute): RouteOptions['config'] => {
    const common = { renderError: dialect.renderError, ...(route.credentials && { credentials: route.credentials }) };
    switch (route.does) {
      case 'start':
        return { ...common, access: 'trigger', enter: (request) => deps.enter(request, dialect, route) };
      case 'answer':
        return { ...common, access: route.access, skipsClientHeader: true };
      case 'cancel':
        return { ...common, access: 'run', skipsClientHeader: true };
      case 'read':
      case 'follow':
        return { ...common, access: 'read', skipsClientHeader: true };
    }
  };

  const operationId = (route: DialectRoute, method: string): string =>
    route.methods.length === 1 || method === 'POST' ? route.operationId : `${route.operationId}By${method}`;

  const refuseMethod = (allow: readonly string[]): Handler => {
    const details = { allow };
    return async (request) => {
      throw new AppError('refused', 'http.method_not_allowed', `${request.method} is not for this address`, {
        details,
      });
    };
  };

  const taken = new Map<string, Set<string>>();
  for (const route of dialect.routes) {
    const handler = handlerOf(route);
    for (const method of route.methods) {
      app.route({
        method,
        url: route.url,
        exposeHeadRoute: false,
        bodyLimit: (route as Partial<StartRoute>).bodyMax ?? BODY_BYTES_MAX,
        schema: {
          operationId: operationId(route, method),
          summary: route.summary,
          ...(route.description === undefined ? {} : { description: route.description }),
          tags: [dialect.name],
        },
        config: { ...accessOf(route), ...(route.describe && { describe: route.describe }) } as never,
        handler: handler as never,
      });
    }
    taken.set(route.url, new Set([...(taken.get(route.url) ?? []), ...route.methods]));
  }
  for (const [url, methods] of taken) {
    const others = METHODS.filter((method) => !methods.has(method));
    if (others.length === 0) continue;
    app.route({
      method: others,
      url,
      exposeHeadRoute: false,
      schema: { hide: true },
      config: { access: 'public', renderError: dialect.renderError },
      handler: refuseMethod([...methods].sort()) as never,
    });
  }
};

/** Puts the routes of all dialects on the HTTP framework, each dialect in a scope of its own. */
export const mountDialects = async (app: FastifyInstance, deps: MountDeps): Promise<void> => {
  for (const dialect of deps.dialects) {
    await app.register(async (scope) => {
      readRawBodies(scope);
      await mountDialect(scope, dialect, deps);
    });
  }
};
