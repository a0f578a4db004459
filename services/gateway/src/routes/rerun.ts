import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type FastifyReply } from 'fastify';
import { type AdmissionTerms } from '@millrace/domain';
import { AppError } from '@millrace/kernel';
import {
  AcceptedSchema,
  DEFAULT_WORKSPACE,
  ProblemSchema,
  RerunQuerySchema,
  type RunRequested,
  RunParamsSchema,
  RunQuerySchema,
  RunResultSchema,
  type WorkflowVersion,
} from '@millrace/contracts';
import { type RecordedRun, readWait, startedRunAnswer, type StartOutcome } from '@millrace/dialects';
import { type Catalog, type LogConnection, readCommit } from '@millrace/eventlog';
import { type RunSealers } from '@millrace/secrets';
import { type RunRow } from '@millrace/read-model';
import { readIdempotencyKey } from '../admission/idempotency.ts';
import { resolveWorkflow } from '../admission/resolve-workflow.ts';
import { type StartedRun, type StartRun } from '../admission/start-run.ts';
import { principalOf } from '../auth/require-access.ts';
import { type FindVisibleRun } from '../reading/find-visible-run.ts';
import { type RunCloudEvents } from '../reading/run-cloud-events.ts';
import { type Reveal } from '../reading/reveal.ts';
import { callerSignal } from './caller-signal.ts';
import { NOT_FOUND, PROBLEMS } from './problem-responses.ts';
import { asCloudEvent, wantsCloudEvent } from '../intake/cloud-event-answer.ts';
import { deleteOnceSent } from '../intake/delete-once-sent.ts';
import { sendAnswer } from '../intake/send-answer.ts';

export interface RerunDeps {
  readonly catalog: Catalog;
  readonly connection: LogConnection;
  readonly startRun: StartRun;
  readonly findVisibleRun: FindVisibleRun;
  readonly reveal: Pick<Reveal, 'request'>;
  readonly cloudEvents: RunCloudEvents;
  readonly sealers: Pick<RunSealers, 'destroy'>;
  readonly draining: AbortSignal;
}

/** The request as it was recorded; values of its environment stand nowhere else. */
const readRequest = async ({ connection, reveal }: RerunDeps, run: RunRow): Promise<RunRequested> => {
  const commit = await readCommit(connection, run.shard, run.requested.sequence);
  const decoded = commit?.events[run.requested.index];
  const event = decoded?.known === true ? decoded.event : undefined;
  // The place may be of a log that was replaced since, and hold somebody else's request in this one.
  if (event?.type === 'dev.millrace.run.requested.v1' && event.subject === run.id) return reveal.request(event);
  throw new AppError('refused', 'run.request_expired', 'the log no longer holds the request of this run', {
    details: { run_id: run.id },
  });
};

/** What ran before, in the words of the catalog. Its input fitted then, so it is not checked against a later schema. */
const sameVersion = (latest: WorkflowVersion, { data }: RunRequested): WorkflowVersion => {
  const { version, kind, policy } = data;
  if (version === latest.version) return latest;
  const { file, description, methods, deployedAt, deployedFrom } = latest;
  return { version, kind, policy, file, description, methods, deployedAt, deployedFrom };
};

/** What was evaluated for the same input before. */
const termsOf = ({ data: { concurrencyKey, debounceKey, priority } }: RunRequested): AdmissionTerms => ({
  ...(concurrencyKey === undefined ? {} : { concurrencyKey }),
  ...(debounceKey === undefined ? {} : { debounceKey }),
  ...(priority === undefined ? {} : { priority }),
});

const outcomeOf = (started: StartedRun, version: string): StartOutcome => {
  const { runId, workflow, traceId, requestedAt, outcome, word } = started;
  const replayed = outcome === 'replayed';
  const run: RecordedRun = {
    runId,
    workspace: DEFAULT_WORKSPACE,
    workflow,
    version,
    traceId,
    replayed,
    requestedAt,
    input: undefined,
  };
  return word === undefined ? { kind: 'accepted', run } : { ...word, run };
};

const makeSend =
  ({ sealers, cloudEvents }: RerunDeps) =>
  async (reply: FastifyReply, outcome: StartOutcome, { policy }: WorkflowVersion): Promise<FastifyReply> => {
    if (outcome.kind === 'ended' && policy.deleteAfterUse === true) deleteOnceSent(reply, outcome.run.runId, sealers);
    const answer = startedRunAnswer(outcome);
    const isEvent = wantsCloudEvent(reply.request.headers.accept);
    return sendAnswer(reply, isEvent ? await asCloudEvent(answer, outcome, cloudEvents) : answer);
  };

/** `POST /runs/{id}/rerun`: a new run with the input and environment of an old one. */
export const rerunRoute: FastifyPluginAsyncTypebox<RerunDeps> = async (app, deps) => {
  const send = makeSend(deps);
  app.post(
    '/runs/:id/rerun',
    {
      schema: {
        operationId: 'rerunRun',
        summary: 'Run again with the same input and environment',
        tags: ['runs'],
        params: RunParamsSchema,
        querystring: RerunQuerySchema,
        response: { 200: RunResultSchema, 202: AcceptedSchema, 409: ProblemSchema, ...PROBLEMS, ...NOT_FOUND },
      },
      config: {
        access: 'run',
        describe: {
          querystring: {
            ...RerunQuerySchema,
            properties: { ...RerunQuerySchema.properties, ...RunQuerySchema.properties },
          },
        },
      },
    },
    async (request, reply) => {
      const { headers, query } = request;
      const principal = principalOf(request);
      const waitMs = readWait((query as { readonly wait?: unknown }).wait, headers['prefer']);
      const old = await deps.findVisibleRun(principal, request.params.id);
      const { path, version } = resolveWorkflow(deps.catalog, principal, old.workflow);
      const first = await readRequest(deps, old);
      const { traceparent } = headers;
      const again = {
        workflow: path,
        version: query.version === 'same' ? sameVersion(version, first) : version,
        principal,
        input: first.data.input,
        env: first.data.env,
        dialect: 'native',
        traceparent: typeof traceparent === 'string' ? traceparent : undefined,
        idempotencyKey: readIdempotencyKey(headers['idempotency-key']),
        rerunOf: old.id,
        ...(query.version === 'same' ? { terms: termsOf(first) } : {}),
      };
      const run = await deps.startRun(again, { waitMs, signal: () => callerSignal(reply, deps.draining) });
      request.runId = run.runId;
      request.traceId = run.traceId;
      return send(reply, outcomeOf(run, again.version.version), again.version);
    },
  );
};
