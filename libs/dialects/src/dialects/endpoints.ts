/**
 * The dialect `endpoints`: `/api/endpoints/<workflow_name>` of Bifrost, as its document promises it, and `/api/executions/<id>`.
 *
 * The body of an answer is what the workflow returned; `body = "envelope"` makes it the envelope that servers of the protocol send.
 */
import { type Trigger } from '@millrace/contracts';
import { AppError } from '@millrace/kernel';
import { Type } from 'typebox';
import {
  type CancelRoute,
  type Credentials,
  type Dialect,
  type DialectModule,
  type ReadRoute,
  type StartRoute,
  type TriggerDeclaration,
} from '../dialect.ts';
import { exampleCredentials, exampleTitle } from '../example-credentials.ts';
import { type InboundRequest } from '../inbound-request.ts';
import { type RunSnapshot } from '../run-snapshot.ts';
import { answerOutcome, type BodyForm } from './endpoints/answer-outcome.ts';
import { describeEndpoints } from './endpoints/describe.ts';
import { endpointError } from './endpoints/errors.ts';
import { EVENT_ADDRESS, EVENT_METHODS, eventPath, eventRoutes } from './endpoints/event-source.ts';
import { cancelAnswer, executionAnswer, logsAnswer, resultAnswer } from './endpoints/executions.ts';
import { findEndpoint, namesOf } from './endpoints/find-endpoint.ts';
import { INJECTED, type ParameterRules, readParameters } from './endpoints/read-parameters.ts';

const NAME = 'endpoints';
const PREFIX = '/api/endpoints/';
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const SECOND = 1_000;

const SettingsSchema = Type.Object(
  {
    body: Type.Enum(['plain', 'envelope'], {
      default: 'plain',
      description:
        'What a caller that waits gets: what the workflow returned (`plain`), or the envelope with `execution_id`, `status` and `result` (`envelope`).',
    }),
    prefer: Type.Enum(['request', 'members'], {
      default: 'request',
      description:
        'What `payload`, `body` and `headers` are when the request has members of these names: the request itself (`request`), or those members (`members`).',
    }),
    credential_headers: Type.Enum(['redact', 'keep'], {
      default: 'redact',
      description:
        'Whether `headers` has `Authorization`, cookies, tokens and API keys of the request, for workflows that check them.',
    }),
    wait: Type.Integer({
      minimum: 1,
      maximum: 7_200,
      default: 1_800,
      description: 'Seconds that a caller waits for the result.',
    }),
  },
  { additionalProperties: false },
);

interface EndpointSettings extends ParameterRules {
  readonly body: BodyForm;
  readonly wait: number;
}

const upperCase = (method: unknown): unknown => (typeof method === 'string' ? method.toUpperCase() : method);

const asMethods = (methods: unknown): unknown =>
  Array.isArray(methods) ? (methods as readonly unknown[]).map(upperCase) : methods;

/** Declarations in the words of the document. */
const translate: TriggerDeclaration['translate'] = ({
  endpoint_enabled: enabled,
  allowed_methods: methods,
  public_endpoint: isPublic,
  disable_global_key: onlyOwnKeys,
  execution_mode: mode,
  ...written
}) => ({
  ...(enabled !== undefined && { enabled }),
  ...(methods !== undefined && { methods: asMethods(methods) }),
  ...(onlyOwnKeys === true && { auth: 'workflow_key' }),
  ...(isPublic === true && { auth: 'public' }),
  ...(mode !== undefined && { mode }),
  ...(written['event_source'] !== undefined && { methods: EVENT_METHODS, mode: 'async' }),
  ...written,
});

const declares: TriggerDeclaration = {
  address: Type.Object({
    name: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_.-]{1,100}$' })),
    workflow_id: Type.Optional(Type.String({ pattern: '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$' })),
    inject: Type.Optional(Type.Array(Type.Enum([...INJECTED]))),
    ...EVENT_ADDRESS,
  }),
  defaults: { auth: 'token', methods: ['POST'], mode: 'sync' },
  placeOf: ({ event_source: source }, workflow) => (typeof source === 'string' ? source.toLowerCase() : workflow),
  translate,
  complaints: ({ auth, mode }) => [
    ...(auth === 'path_key' ? ['auth: path_key: an endpoint has no key in its address; use workflow_key'] : []),
    ...(mode === 'stream' ? ['mode: an endpoint is sync or async'] : []),
  ],
};

const bearerOf = (header: string | undefined): string | undefined => /^bearer\s+(\S.*)$/i.exec(header ?? '')?.[1];

/** The key of its own header counts first: `Authorization` may be for something in between. */
const credentials = (request: Pick<InboundRequest, 'header'>): Credentials => {
  const texts = [request.header('x-bifrost-key')?.trim(), bearerOf(request.header('authorization'))].filter(
    (text) => text !== undefined && text !== '',
  ) as readonly string[];
  return { tokens: texts.map((text) => ({ text, source: 'header' })), keys: texts };
};

const referenceOf = ({ params }: InboundRequest): string => params['*'] ?? '';

const injectOf = ({ address }: Trigger): unknown => address['inject'];

const resolve: StartRoute['resolve'] = (request, directory) => {
  const found = findEndpoint(referenceOf(request), NAME, directory);
  const fitting = found.filter(({ trigger }) => trigger.methods.includes(request.method));
  return fitting.length > 0 ? fitting : found;
};

const wrongMethod: StartRoute['wrongMethod'] = ({ method }, found) => {
  const allow = [...new Set(found.flatMap(({ trigger }) => trigger.methods))].sort();
  const details = found.every(({ trigger }) => trigger.auth === 'public') ? {} : { workflow: found[0]?.workflow };
  const message = `Method ${method} not allowed. Allowed: ${allow.join(', ')}`;
  return new AppError('refused', 'http.method_not_allowed', message, { details: { ...details, allow } });
};

const makeStart = ({ body, wait, ...rules }: EndpointSettings): StartRoute => ({
  does: 'start',
  methods: METHODS,
  url: `${PREFIX}*`,
  operationId: 'callEndpoint',
  summary: 'Call a workflow as an endpoint',
  description: 'Answers with what the workflow returned; an endpoint whose mode is async with the id of the run.',
  credentials,
  hidesAddresses: true,
  resolve,
  wrongMethod,
  notFound: (request) =>
    new AppError(
      'not_found',
      'workflow.not_found',
      `Endpoint workflow '${referenceOf(request)}' not found or not enabled`,
    ),
  mapInput: (request, bound) => ({
    input: readParameters(request, bound, { listed: injectOf(bound.trigger) }, rules),
  }),
  mapCloudEvent: (event, request, bound) => ({
    input: readParameters(request, bound, { listed: injectOf(bound.trigger), event }, rules),
  }),
  mode: (_request, { mode }) => (mode === 'async' ? 'async' : 'sync'),
  waitMs: () => wait * SECOND,
  respond: (outcome, _request, bound) => answerOutcome(outcome, bound, body),
});

const EXECUTIONS = '/api/executions/:id';

const executionRoute = (
  operationId: string,
  end: string,
  render: (run: RunSnapshot, logs: string) => ReturnType<ReadRoute['render']>,
): ReadRoute => ({
  does: 'read',
  methods: ['GET'],
  url: `${EXECUTIONS}${end}`,
  operationId,
  summary: 'An execution of an endpoint',
  credentials,
  needsLogs: end !== '/result',
  runId: ({ params }) => params['id'] ?? '',
  render: (run, _request, logs) => render(run, logs),
});

const cancel: CancelRoute = {
  does: 'cancel',
  methods: ['POST'],
  url: `${EXECUTIONS}/cancel`,
  operationId: 'cancelExecution',
  summary: 'Cancel an execution',
  credentials,
  runId: ({ params }) => params['id'] ?? '',
  reason: () => undefined,
  render: cancelAnswer,
};

const makeEndpoints = (settings: EndpointSettings): Dialect => ({
  name: NAME,
  summary: '/api/endpoints/<workflow_name>, answered with what the workflow returned',
  routes: [
    makeStart(settings),
    executionRoute('readExecution', '', executionAnswer),
    executionRoute('readExecutionResult', '/result', resultAnswer),
    executionRoute('readExecutionLogs', '/logs', logsAnswer),
    cancel,
    ...eventRoutes(NAME, credentials),
  ],
  declares,
  described: describeEndpoints(settings.body),
  renderError: endpointError,
  examples: ({ workflow, ...service }, triggers) =>
    triggers
      .filter(({ dialect: name }) => name === NAME)
      .map((trigger) => {
        const method = trigger.methods.includes('POST') ? 'POST' : (trigger.methods[0] ?? 'POST');
        const place = eventPath(trigger);
        const [name = workflow] = namesOf({ ...service, workflow, trigger });
        return {
          trigger: trigger.id,
          title: exampleTitle(place === undefined ? `endpoint ${name}` : `event source ${trigger.id}`, trigger),
          method,
          path: place ?? `${PREFIX}${name}`,
          headers: { ...exampleCredentials(trigger), 'content-type': 'application/json' },
          ...(method === 'GET' ? {} : { body: '{"data":"value"}' }),
        };
      }),
});

export const dialect: DialectModule = {
  name: NAME,
  settings: SettingsSchema,
  make: (settings) => makeEndpoints(settings as unknown as EndpointSettings),
};
