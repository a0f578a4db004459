/** How the addresses of Windmill are described in OpenAPI. */
import { Type } from 'typebox';
import { type DialectRoute } from '../../dialect.ts';
import { ANY_BODY, ANYTHING, EVENT_STREAM, JSON_TYPE, TEXT } from '../../openapi/media-types.ts';
import { type DialectDescription, type RouteDescription, type SecurityScheme } from '../../route-description.ts';
import { type WindmillSettings } from './settings.ts';

const text = (description: string) => Type.Optional(Type.String({ description }));
const flag = (description: string) => Type.Optional(Type.Boolean({ description }));
const seconds = (description: string) => Type.Optional(Type.Number({ minimum: 0, description }));

const OptionsSchema = Type.Object({
  payload: text('arguments as JSON in base64 or base64url'),
  include_header: text('names of headers that become arguments, separated by commas'),
  include_query: text('names of parameters of the query that become arguments, separated by commas'),
  raw: flag('adds the argument `raw_string`, the exact body'),
  wrap_body: flag('the body is the argument `body`, whatever it is'),
  job_id: text('a UUID that names the call: its repeat starts nothing'),
  timeout: seconds('shortens the run'),
  queue_limit: seconds('synchronous: refused when more runs wait'),
  scheduled_for: text('the run begins no earlier; RFC 3339'),
  scheduled_in_secs: seconds('the run begins no earlier'),
});

const JobSchema = Type.Object(
  {
    type: Type.Enum(['QueuedJob', 'CompletedJob']),
    id: Type.String(),
    workspace_id: Type.String(),
    created_by: Type.String(),
    created_at: Type.String(),
    script_path: Type.String(),
    script_hash: Type.String(),
    args: Type.Unknown(),
    running: Type.Optional(Type.Boolean()),
    success: Type.Optional(Type.Boolean()),
    result: Type.Optional(Type.Unknown()),
    logs: Type.Optional(Type.String()),
  },
  { additionalProperties: true },
);

const UpdateSchema = Type.Object({
  running: Type.Optional(Type.Boolean()),
  completed: Type.Optional(Type.Boolean()),
  new_logs: Type.Optional(Type.String()),
  log_offset: Type.Integer(),
  progress: Type.Optional(Type.Number()),
});

const ResultMaybeSchema = Type.Object({
  completed: Type.Boolean(),
  success: Type.Union([Type.Boolean(), Type.Null()]),
  result: Type.Unknown(),
  started: Type.Union([Type.Boolean(), Type.Null()]),
});

const LogQuery = Type.Object({ no_logs: flag('leaves out the logs') });
const UpdateQuery = Type.Object({
  log_offset: Type.Optional(Type.Integer({ description: 'characters of the logs that the caller has' })),
  running: flag('the caller knows that it runs'),
  no_logs: flag('leaves out the logs'),
});
const TEXT_ANSWER = { 'text/plain': TEXT };

/** By the part of the address behind `jobs/` or `jobs_u/`. */
const READS: readonly (readonly [RegExp, RouteDescription])[] = [
  [
    /\/completed\/get_result_maybe\//,
    {
      querystring: Type.Object({ get_started: flag('says also whether it has begun') }),
      response: { 200: ResultMaybeSchema },
    },
  ],
  [/\/completed\/get_result\//, { response: { 200: ANYTHING } }],
  [
    /\/completed\/get_timing\//,
    {
      response: {
        200: Type.Object({ created_at: Type.String(), started_at: Type.Unknown(), duration_ms: Type.Unknown() }),
      },
    },
  ],
  [/\/getupdate\//, { querystring: UpdateQuery, response: { 200: UpdateSchema } }],
  [/\/get_root_job_id\//, { response: { 200: Type.String() } }],
  [/\/get\//, { querystring: LogQuery, response: { 200: JobSchema } }],
];

const describeRead = (url: string): RouteDescription => READS.find(([pattern]) => pattern.test(url))?.[1] ?? {};

const TOKENS = ['bearer', 'windmillCookie', 'windmillQuery'];
const PARAMS = {
  workspace: 'Name of the workspace; any, unless the setting `workspaces` names some.',
  path: 'Path of the workflow.',
  version: 'Hash of a version, its first 16 digits or more; below `fv` the same as a decimal number.',
  job: 'Id of a job.',
  node: 'Name of a step.',
  resume: 'Number of an approval.',
  secret: 'What only whoever shall approve knows.',
};

const describeStart = ({ url }: DialectRoute, settings: WindmillSettings): RouteDescription => {
  const result: RouteDescription['answers'] = {
    200: { [JSON_TYPE]: ANYTHING, '*/*': ANYTHING },
    0: { '*/*': ANYTHING },
  };
  const accepted = { [settings.accepted_status]: TEXT_ANSWER };
  const common = { params: PARAMS, querystring: OptionsSchema, bodies: ANY_BODY };
  if (url.includes('/run_and_stream/')) return { ...common, answers: { 200: EVENT_STREAM } };
  return { ...common, answers: url.includes('/jobs/run/') ? accepted : result };
};

const keysOf = (headers: readonly string[]): Readonly<Record<string, SecurityScheme>> =>
  Object.fromEntries(
    headers.map((name, index) => [
      `windmillKey${index === 0 ? '' : index + 1}`,
      { type: 'apiKey', in: 'header', name, description: 'A key of the route.' },
    ]),
  );

const describeOwnRoute = (settings: WindmillSettings): RouteDescription => ({
  params: { path: 'The path that a workflow declares; its parameters become arguments.' },
  bodies: ANY_BODY,
  answers: {
    200: { [JSON_TYPE]: ANYTHING, ...EVENT_STREAM, '*/*': ANYTHING },
    [settings.accepted_status]: TEXT_ANSWER,
    0: { '*/*': ANYTHING },
  },
  auth: [...TOKENS, ...Object.keys(keysOf(settings.api_key_headers)), 'windmillBasic', 'signature', 'public'],
});

const of =
  (settings: WindmillSettings) =>
  (route: DialectRoute): RouteDescription => {
    switch (route.does) {
      case 'start':
        return route.url.startsWith('/api/r/') ? describeOwnRoute(settings) : describeStart(route, settings);
      case 'answer':
        return { params: PARAMS, answers: { 200: {} } };
      case 'read':
        return { params: PARAMS, ...describeRead(route.url) };
      case 'follow':
        return { params: PARAMS, querystring: UpdateQuery, answers: { 200: EVENT_STREAM } };
      case 'cancel':
        return {
          params: PARAMS,
          body: Type.Object({ reason: Type.Optional(Type.String()) }),
          answers: { 200: TEXT_ANSWER },
        };
      case 'file':
        return {
          params: PARAMS,
          querystring: Type.Object({ file_key: Type.String({ description: 'the `s3` of the argument' }) }),
          answers: { 200: { 'application/octet-stream': TEXT } },
        };
    }
  };

export const describeWindmill = (settings: WindmillSettings): DialectDescription => ({
  schemes: {
    windmillCookie: { type: 'apiKey', in: 'cookie', name: 'token', description: 'A token of the server.' },
    windmillQuery: {
      type: 'apiKey',
      in: 'query',
      name: 'token',
      description: 'A token whose scopes name single workflows; any token with `query_tokens = "any"`.',
    },
    windmillBasic: {
      type: 'http',
      scheme: 'basic',
      description: 'A key of the route as password, or `name:password` as key.',
    },
    ...keysOf(settings.api_key_headers),
  },
  auth: { start: TOKENS, other: TOKENS },
  errors: { 'text/plain': TEXT, [JSON_TYPE]: Type.Object({ error: Type.String() }) },
  of: of(settings),
});
