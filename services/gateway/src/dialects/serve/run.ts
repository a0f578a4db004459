import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import {
  AcceptedSchema,
  DialectErrorSchema,
  ProblemSchema,
  RunBodySchema,
  RunQuerySchema,
  RunResultSchema,
} from '@millrace/contracts';
import { type Catalog } from '@millrace/eventlog';
import { readIdempotencyKey } from '../../admission/idempotency.ts';
import { parseJson } from '../../admission/parse-json.ts';
import { checkMethod, resolveWorkflow } from '../../admission/resolve-workflow.ts';
import { readRunBody } from '../../admission/run-body.ts';
import { type StartedRun, type StartRun } from '../../admission/start-run.ts';
import { type Logger } from '@millrace/runtime';
import { principalOf } from '../../auth/require-access.ts';
import { type DescribedParts } from '../../openapi.ts';
import { type GatewayMetrics } from '../../metrics.ts';
import { callerSignal } from '../../routes/caller-signal.ts';
import { sendStartedRun } from '../../routes/send-started-run.ts';
import { readWait } from '../../waiting/wait-preference.ts';

export interface ServeRunDeps {
  readonly catalog: Catalog;
  readonly startRun: StartRun;
  readonly metrics: GatewayMetrics;
  readonly log: Logger;
  /** Ends waits when the gateway ends. */
  readonly draining: AbortSignal;
}

const PREFIX = '/run/';
/** Which of these start a workflow is said by the workflow. HEAD is not among them: it never starts anything. */
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** The dialect compares raw segments: no percent-decoding, and the query is not part of the address. */
const writtenPath = (url: string): string => {
  const query = url.indexOf('?');
  return url.slice(PREFIX.length, query === -1 ? undefined : query);
};

const textOf = (header: string | string[] | undefined): string | undefined =>
  typeof header === 'string' ? header : undefined;

const SUMMARY = {
  summary: 'Start a workflow',
  description:
    'Records the request and answers 202 once it is on disk. With `?wait=20` or `Prefer: wait=20` it answers with the result: 200 when the run ' +
    'completed, 422 when it failed, was cancelled or timed out, and 202 when time is up. `Idempotency-Key` makes repeats safe.',
  tags: ['serve'],
};
/** For the description only: the handler reads body and query itself, and says more about what is wrong with them. */
const DESCRIBED: DescribedParts = {
  body: RunBodySchema,
  querystring: RunQuerySchema,
  response: {
    200: RunResultSchema,
    202: AcceptedSchema,
    400: ProblemSchema,
    404: DialectErrorSchema,
    405: ProblemSchema,
    409: ProblemSchema,
    413: DialectErrorSchema,
    422: RunResultSchema,
    429: DialectErrorSchema,
    503: ProblemSchema,
  },
};

/** Any content type is read as JSON text, as the dialect does: `curl -d` says it sends a form. The header has no say at all. */
const readAnyContentType = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, text, done) => done(null, text));
  app.addHook('preParsing', (request, _reply, _payload, done) => {
    delete request.raw.headers['content-type'];
    done();
  });
};

/** `POST /run/<category>/<task>`: the hot path. */
export const serveRun = async (app: FastifyInstance, deps: ServeRunDeps): Promise<void> => {
  const { catalog, startRun, metrics, log, draining } = deps;
  readAnyContentType(app);

  const start = (request: FastifyRequest, reply: FastifyReply): Promise<StartedRun> => {
    const principal = principalOf(request);
    const workflow = resolveWorkflow(catalog, principal, writtenPath(request.raw.url ?? ''));
    checkMethod(request.method, workflow);
    const { headers } = request;
    const waitMs = readWait((request.query as { readonly wait?: unknown }).wait, headers['prefer']);
    const text = typeof request.body === 'string' ? request.body : undefined;
    const body = text === undefined ? undefined : parseJson(text);
    const { input, env } = readRunBody(body);
    const run = {
      workflow: workflow.path,
      version: workflow.version,
      principal,
      input,
      env,
      dialect: 'serve',
      bodyBytes: text?.length ?? 0,
      traceparent: textOf(headers['traceparent']),
      idempotencyKey: readIdempotencyKey(headers['idempotency-key']),
    };
    return startRun(run, { waitMs, signal: () => callerSignal(reply, draining) });
  };

  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const began = performance.now();
    const run = await start(request, reply);
    request.runId = run.runId;
    request.traceId = run.traceId;
    metrics.acceptSeconds.observe({ outcome: run.outcome }, (performance.now() - began) / 1_000);
    log.debug('run accepted', {
      run_id: run.runId,
      trace_id: run.traceId,
      workflow: run.workflow,
      outcome: run.outcome,
    });
    return sendStartedRun(reply, run);
  };

  for (const method of METHODS) {
    app.route({
      method,
      url: `${PREFIX}*`,
      exposeHeadRoute: false,
      schema: { ...SUMMARY, operationId: method === 'POST' ? 'startRun' : `startRunBy${method}` },
      config: { access: 'run', dialect: 'serve', describe: DESCRIBED },
      handler,
    });
  }
};
