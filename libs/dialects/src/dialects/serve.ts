/**
 * The dialect `serve`: `POST /run/<category>/<task>` and `GET /status/<run_id>`.
 *
 * Addresses are compared as they are written: no percent-decoding, and a dot may stand for a slash, as in older clients. The body is
 * JSON whatever its content type says, because `curl -d` says that it sends a form.
 */
import { AppError } from '@millrace/kernel';
import {
  AcceptedSchema,
  BODY_BYTES_MAX,
  DialectErrorSchema,
  ProblemSchema,
  RunBodySchema,
  RunQuerySchema,
  RunResultSchema,
  type Status,
  StatusSchema,
} from '@millrace/contracts';
import { Type } from 'typebox';
import { jsonAnswer } from '../answer.ts';
import { automaticTrigger } from '../automatic-trigger.ts';
import { parseJson } from '../body/parse-json.ts';
import { readRunBody } from '../body/run-body.ts';
import { type Dialect, type DialectModule, type ReadRoute, type StartArguments, type StartRoute } from '../dialect.ts';
import { TOKEN_HEADER } from '../example-credentials.ts';
import { httpStatusOf } from '../errors/http-status.ts';
import { problemAnswer } from '../errors/problem.ts';
import { type InboundRequest } from '../inbound-request.ts';
import { isRunOver, type RunSnapshot } from '../run-snapshot.ts';
import { startedRunAnswer } from '../started-run-answer.ts';
import { readNotBefore } from '../start-time.ts';
import { readWait } from '../wait-preference.ts';

const NAME = 'serve';
const PREFIX = '/run/';

/** Which of these start a workflow is said by the workflow. HEAD is not among them: it never starts anything. */
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

const writtenRef = ({ path }: InboundRequest): string => path.slice(PREFIX.length);

const waitMs = (request: InboundRequest): number => readWait(request.query('wait'), request.header('prefer'));

/** What the query says of the run, beside its input. */
const optionsOf = (request: InboundRequest): Pick<StartArguments, 'start' | 'priority'> => {
  const start = readNotBefore(request.query('not_before'));
  const priority = request.query('priority');
  return {
    ...(start === undefined ? {} : { start }),
    ...(priority === undefined ? {} : { priority: Number(priority) }),
  };
};

const isMembers = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

const start: StartRoute = {
  does: 'start',
  methods: METHODS,
  url: `${PREFIX}*`,
  operationId: 'startRun',
  summary: 'Start a workflow',
  description:
    'Records the request and answers 202 once it is on disk. With `?wait=20` or `Prefer: wait=20` it answers with the result: 200 when the run ' +
    'completed, 422 when it failed, was cancelled or timed out, and 202 when time is up. `Idempotency-Key` makes repeats safe. With ' +
    '`?not_before=30s`, or an instant of RFC 3339, it starts no earlier.',
  describe: {
    params: { path: 'Path of the workflow, `<category>/<task>`; categories may nest.' },
    body: RunBodySchema,
    querystring: RunQuerySchema,
    response: {
      200: RunResultSchema,
      202: AcceptedSchema,
      422: RunResultSchema,
    },
  },
  hidesAddresses: true,
  demandsClientHeader: true,
  resolve: (request, directory) => {
    const written = writtenRef(request);
    const found = directory.workflow(written) ?? directory.workflow(written.replaceAll('.', '/'));
    return found === undefined
      ? []
      : [automaticTrigger(NAME, found, { methods: found.version.methods, mode: 'async' })];
  },
  notFound: (request) => {
    const written = writtenRef(request);
    return new AppError('not_found', 'workflow.not_found', `there is no workflow ${written}`, {
      details: { workflow: written },
    });
  },
  mode: (request) => (waitMs(request) > 0 ? 'sync' : 'async'),
  waitMs,
  mapInput: (request) => ({
    ...readRunBody(request.body.length === 0 ? undefined : parseJson(request.text())),
    ...optionsOf(request),
  }),
  mapCloudEvent: ({ data, hasData }, request) => ({
    ...(isMembers(data) || !hasData ? readRunBody(data) : { input: { data } }),
    ...optionsOf(request),
  }),
  respond: startedRunAnswer,
  tellsSkipped: true,
};

/** Only the members that have a value: JSON of ours says nothing about what is not there. */
const present = <Members extends Record<string, unknown>>(members: Members): Members =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Members;

const statusOf = (run: RunSnapshot): Status['status'] => {
  if (!isRunOver(run)) return 'running';
  return run.state === 'completed' ? 'completed' : 'failed';
};

const progressOf = ({ progress, progressMessage }: RunSnapshot): Status['progress'] =>
  progress === undefined
    ? undefined
    : { percent: progress, ...(progressMessage === undefined ? {} : { message: progressMessage }) };

/** The dialect's fields with our own beside them. */
const statusBody = (run: RunSnapshot): Readonly<Record<string, unknown>> => ({
  run_id: run.id,
  status: statusOf(run),
  workflow: run.workflow,
  state: run.state,
  queued: run.requestedAt,
  attempt: run.attempt,
  ...present({
    not_before: run.notBefore,
    retry_at: run.retryAt,
    // A workflow has no exit code of its own; clients of the dialect read 0 as success.
    exit_code: run.exitCode ?? (run.state === 'completed' ? 0 : undefined),
    // A script or a workflow counts as one step once it has run.
    steps: isRunOver(run) && run.startedAt !== undefined ? 1 : undefined,
    started: run.startedAt,
    ended: run.endedAt,
    error: run.error?.message,
    progress: progressOf(run),
    output: run.output,
    trace_id: run.traceId,
  }),
});

const status: ReadRoute = {
  does: 'read',
  methods: ['GET'],
  url: '/status/:id',
  operationId: 'runStatus',
  summary: 'Where a run is',
  describe: { response: { 200: StatusSchema } },
  runId: ({ params }) => params['id'] ?? '',
  render: (run) => jsonAnswer(200, statusBody(run)),
};

/** Bodies that the dialect prescribes, by code. Clients of the dialect compare these texts. */
const PRESCRIBED: Readonly<Record<string, (error: AppError) => Readonly<Record<string, unknown>>>> = {
  'auth.unauthorized': () => ({ error: 'unauthorized' }),
  'auth.missing_client_header': () => ({ error: 'missing X-Workflow-Client header' }),
  'http.not_found': () => ({ error: 'not found' }),
  'http.body_too_large': () => ({ error: 'request body too large', max_bytes: BODY_BYTES_MAX }),
  'input.too_large': ({ message, details }) => ({ error: message, max_bytes: details?.['max_bytes'] }),
  'workflow.not_found': ({ details }) => ({ error: `task not found: ${String(details?.['workflow'])}` }),
  'run.not_found': () => ({ error: 'run not found' }),
  'run.over_limit': ({ details }) => ({ error: 'too many concurrent runs', max: details?.['max'] }),
};

/** The body that the dialect prescribes for this error, if it does. */
export const serveErrorBody = (error: AppError): Readonly<Record<string, unknown>> | undefined =>
  PRESCRIBED[error.code]?.(error);

const SettingsSchema = Type.Object(
  {
    health: Type.Enum(['open', 'token'], {
      default: 'open',
      description:
        'Who may ask `/health`: anybody (`open`), as the document has it, or whoever has a token (`token`), as the source has it.',
    }),
  },
  { additionalProperties: false },
);

const serve: Dialect = {
  name: NAME,
  summary: 'POST /run/<category>/<task>, poll GET /status/<run_id>',
  routes: [start, status],
  described: {
    auth: { start: ['bearer'], other: ['bearer'] },
    errors: { 'application/json': DialectErrorSchema, 'application/problem+json': ProblemSchema },
  },
  renderError: (error, traceId) => {
    const body = serveErrorBody(error);
    return body === undefined ? problemAnswer(error, traceId) : jsonAnswer(httpStatusOf(error), body);
  },
  examples: ({ workflow, version }) =>
    version.methods.slice(0, 1).map((method) => ({
      title: 'start, and poll the status',
      method,
      path: `${PREFIX}${workflow}`,
      headers: { ...TOKEN_HEADER, 'x-workflow-client': 'curl' },
      ...(method === 'GET' ? {} : { body: '{"input":{}}' }),
    })),
};

export const dialect: DialectModule = {
  name: NAME,
  settings: SettingsSchema,
  make: ({ health }) => ({ ...serve, guardsHealth: health === 'token' }),
};
