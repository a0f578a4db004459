/** What clients ask for while a job runs and when it is over; under `jobs_u/` and `jobs/`. */
import { type Answer, emptyAnswer, jsonAnswer, textAnswer } from '../../answer.ts';
import {
  type AnswerRoute,
  type CancelRoute,
  type DialectRoute,
  type FileRoute,
  type FollowRoute,
  type ReadRoute,
} from '../../dialect.ts';
import { type InboundRequest } from '../../inbound-request.ts';
import { isRunOver, type RunSnapshot } from '../../run-snapshot.ts';
import { readJson } from '../../body/read-json.ts';
import { isKnownWorkspace, WORKSPACE } from './addresses.ts';
import { isPlainObject } from './body-arguments.ts';
import { tokensOf } from './credentials.ts';
import { CORS } from './errors.ts';
import { notFoundStream, offsetOf } from './job-stream.ts';
import { jobView, resultMaybeView, shownResult, timingView, updateView } from './job-view.ts';
import { isTrue } from './query-options.ts';
import { type RouteContext } from './start-routes.ts';

const json = (value: unknown): Answer => jsonAnswer(200, value, CORS);

/** A job that still runs is none of the completed ones. */
const unlessRunning =
  (render: (run: RunSnapshot, request: InboundRequest, logs: string) => Answer): ReadRoute['render'] =>
  (run, request, logs) =>
    isRunOver(run)
      ? render(run, request, logs)
      : textAnswer(404, `Not found: completed job not found at name ${run.id}`, CORS);

const wantsLogs = (request: InboundRequest): boolean => !isTrue(request.query('no_logs'));
const logsFor = (request: InboundRequest, logs: string): string | undefined => (wantsLogs(request) ? logs : undefined);

interface Read {
  readonly suffix: string;
  readonly name: string;
  readonly summary: string;
  readonly needsLogs?: boolean;
  readonly render: ReadRoute['render'];
}

const READS: readonly Read[] = [
  {
    suffix: 'get/:id',
    name: 'GetJob',
    summary: 'A job',
    needsLogs: true,
    render: (run, request, logs) => json(jobView(run, logsFor(request, logs))),
  },
  {
    suffix: 'completed/get/:id',
    name: 'GetCompletedJob',
    summary: 'A job that is over',
    needsLogs: true,
    render: unlessRunning((run, request, logs) => json(jobView(run, logsFor(request, logs)))),
  },
  {
    suffix: 'completed/get_result/:id',
    name: 'GetCompletedJobResult',
    summary: 'The result of a job that is over',
    render: unlessRunning((run) => json(shownResult(run))),
  },
  {
    suffix: 'completed/get_result_maybe/:id',
    name: 'GetCompletedJobResultMaybe',
    summary: 'The result of a job, if it is over',
    render: (run, request) => json(resultMaybeView(run, isTrue(request.query('get_started')))),
  },
  {
    suffix: 'completed/get_timing/:id',
    name: 'GetCompletedJobTiming',
    summary: 'When a job that is over began, and how long it took',
    render: unlessRunning((run) => json(timingView(run))),
  },
  {
    suffix: 'getupdate/:id',
    name: 'GetJobUpdates',
    summary: 'What changed about a job',
    needsLogs: true,
    render: (run, request, logs) =>
      json(
        updateView(run, wantsLogs(request) ? logs : '', {
          offset: offsetOf(request),
          knowsRunning: isTrue(request.query('running')),
        }),
      ),
  },
  {
    suffix: 'get_root_job_id/:id',
    name: 'GetRootJobId',
    summary: 'The job itself: no job here is part of another one',
    render: (run) => json(run.id),
  },
];

/** Texts of people who cancel are kept with the run. */
const REASON_LENGTH_MAX = 500;

const reasonOf = (request: InboundRequest): string | undefined => {
  const body = readJson(request);
  const reason = isPlainObject(body) ? body['reason'] : undefined;
  return typeof reason === 'string' ? reason.slice(0, REASON_LENGTH_MAX) : undefined;
};

const FILES = `${WORKSPACE}/job_helpers/download_s3_file`;

export const pollRoutes = ({ settings, stream }: RouteContext): readonly DialectRoute[] => {
  const common = { credentials: tokensOf, takesCrossSiteTokens: true };
  const runId = (request: InboundRequest): string =>
    isKnownWorkspace(request, settings) ? (request.params['id'] ?? '') : '';

  const under = (prefix: string, tail: string): readonly (ReadRoute | FollowRoute | CancelRoute)[] => [
    ...READS.map(({ suffix, name, ...read }): ReadRoute => ({
      ...common,
      ...read,
      does: 'read',
      methods: ['GET'],
      url: `${WORKSPACE}/${prefix}/${suffix}`,
      operationId: `windmill${name}${tail}`,
      runId,
    })),
    {
      ...common,
      does: 'follow',
      methods: ['GET'],
      url: `${WORKSPACE}/${prefix}/getupdate_sse/:id`,
      operationId: `windmillGetJobUpdatesSse${tail}`,
      summary: 'What happens to a job, as server-sent events',
      runId,
      stream,
      absent: notFoundStream,
    },
    ...['cancel', 'force_cancel'].map((verb): CancelRoute => ({
      ...common,
      does: 'cancel',
      methods: ['POST'],
      url: `${WORKSPACE}/${prefix}/queue/${verb}/:id`,
      operationId: `windmill${verb === 'cancel' ? 'Cancel' : 'ForceCancel'}Job${tail}`,
      summary: 'End a job',
      runId,
      reason: reasonOf,
      render: ({ id }) => textAnswer(200, id, CORS),
    })),
  ];

  const file: FileRoute = {
    does: 'file',
    methods: ['GET'],
    url: FILES,
    operationId: 'windmillDownloadFile',
    summary: 'A file that came with a multipart request',
    credentials: tokensOf,
    object: (request) => (isKnownWorkspace(request, settings) ? request.query('file_key') : undefined),
    render: (bytes) => ({ status: 200, headers: { ...CORS, 'content-type': 'application/octet-stream' }, body: bytes }),
  };

  const routes = [...under('jobs_u', ''), ...under('jobs', 'WithLogin')];
  return [...routes, ...routes.map(preflightOf), file];
};

/** Pages ask before they send a header of their own. */
const preflightOf = ({ url, operationId, methods }: ReadRoute | FollowRoute | CancelRoute): AnswerRoute => ({
  does: 'answer',
  access: 'public',
  takesCrossSite: true,
  methods: ['OPTIONS'],
  url,
  operationId: `${operationId}Preflight`,
  summary: 'Preflight of CORS',
  answer: () =>
    emptyAnswer(200, {
      ...CORS,
      'access-control-allow-methods': methods.join(','),
      'access-control-allow-headers': 'content-type,authorization',
    }),
});
