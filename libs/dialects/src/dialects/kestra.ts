/**
 * The dialect `kestra`: `/api/v1/executions/webhook/{namespace}/{flowId}/{key}`, with and without a tenant, by GET, POST and PUT.
 *
 * The key in the address is the only credential. What it starts reads the request as `trigger.body`, `trigger.headers` and
 * `trigger.parameters`.
 */
import { KEY_PLACEHOLDER, WAIT_SECONDS_MAX } from '@millrace/contracts';
import { type ReadCloudEvent } from '@millrace/domain';
import { AppError } from '@millrace/kernel';
import { Type } from 'typebox';
import { emptyAnswer, type Frame, jsonAnswer } from '../answer.ts';
import { plainEventBody } from '../body/cloud-event-body.ts';
import { triggerBodyOf } from '../body/trigger-body.ts';
import {
  type CancelRoute,
  type Dialect,
  type DialectModule,
  type FollowRoute,
  type ReadRoute,
  type RunStream,
  type StartRoute,
} from '../dialect.ts';
import { exampleTitle } from '../example-credentials.ts';
import { type InboundRequest } from '../inbound-request.ts';
import { isRunOver, type RecordedRun, type RunSnapshot, type StartOutcome } from '../run-snapshot.ts';
import { type BoundTrigger } from '../trigger-directory.ts';
import { readAddress, readerCredentials, webhookCredentials } from './kestra/address.ts';
import { kestraDeclaration } from './kestra/declaration.ts';
import { kestraDescription } from './kestra/describe.ts';
import { flowNotFound, kestraError, webhookDisabled, webhookNotFound } from './kestra/errors.ts';
import { type ExecutionPlace, executionOf, type KnownRun, placeOfWorkflow } from './kestra/execution.ts';
import { variablesOf } from './kestra/variables.ts';

const NAME = 'kestra';
const METHODS = ['GET', 'POST', 'PUT'];
const MS = 1_000;

export const SettingsSchema = Type.Object(
  {
    tenant: Type.String({
      default: 'main',
      pattern: '^[A-Za-z0-9_-]{1,64}$',
      description: 'The tenant of addresses that name one; any other is not found.',
    }),
    credential_headers: Type.Enum(['redact', 'keep'], {
      default: 'redact',
      description:
        'Whether runs see `Authorization`, cookies, API keys and tokens of the request. Conditions always do, answers never.',
    }),
    url: Type.String({
      default: '',
      pattern: '^(https?://[^/]+)?$',
      description: 'Origin of `url` in answers, such as `https://hooks.example.com`; empty: relative to the server.',
    }),
  },
  { additionalProperties: false },
);

interface Settings {
  readonly tenant: string;
  readonly credential_headers: 'redact' | 'keep';
  readonly url: string;
}

const placeOf = (request: InboundRequest, { trigger }: BoundTrigger, settings: Settings): ExecutionPlace => {
  const { namespace, flow } = readAddress(request);
  return { tenant: settings.tenant, namespace, flow, origin: settings.url, triggerId: trigger.id };
};

const isEnded = (outcome: StartOutcome): outcome is Extract<StartOutcome, { kind: 'ended' }> =>
  outcome.kind === 'ended';

const hasFailed = (outcome: StartOutcome): boolean => isEnded(outcome) && outcome.result.status !== 'completed';

/** The run as it stands in the answer. Its variables are those of the request, whatever the trigger made of them. */
const knownRun = (outcome: StartOutcome & { readonly run: RecordedRun }, request: InboundRequest): KnownRun => {
  const { run } = outcome;
  const { runId: id, workflow, version, requestedAt } = run;
  const known = { id, workflow, version, requestedAt, input: { trigger: variablesOf(request, false) } };
  if (!isEnded(outcome)) return { ...known, state: 'waiting' };
  const { status: state, output } = outcome.result;
  return { ...known, state, output };
};

const makeRespond =
  (settings: Settings): StartRoute['respond'] =>
  (outcome, request, bound) => {
    if (outcome.kind === 'filtered') return emptyAnswer(204);
    if (outcome.kind === 'responded') return jsonAnswer(200, outcome.response ?? null);
    const place = placeOf(request, bound, settings);
    return jsonAnswer(hasFailed(outcome) ? 500 : 200, executionOf(knownRun(outcome, request), place));
  };

/** Flows read `trigger.body.data` of an event that comes as JSON. */
const eventBody = (event: ReadCloudEvent, request: InboundRequest): unknown =>
  plainEventBody(event, request, triggerBodyOf);

const makeStart = (settings: Settings) => {
  const start = {
    does: 'start',
    methods: METHODS,
    summary: 'Start a workflow by a webhook of Kestra',
    description:
      'The key is part of the address. 200 with the execution, 204 when a condition does not hold, 404 when namespace, flow or key ' +
      'mean nothing, 409 when the webhook is disabled or was stopped.',
    hidesAddresses: false,
    takesMultipart: true,
    credentials: webhookCredentials,
    resolve: (request, directory) => {
      const { tenant, namespace, flow, hasMore } = readAddress(request);
      if (tenant !== undefined && tenant !== settings.tenant) throw flowNotFound();
      const declared = directory.at(NAME, `${namespace}/${flow}`);
      if (declared.length > 0) return hasMore ? [] : declared;
      if (directory.workflow(`${namespace.replaceAll('.', '/')}/${flow}`) === undefined) throw flowNotFound();
      return [];
    },
    notFound: webhookNotFound,
    disabled: webhookDisabled,
    readBody: triggerBodyOf,
    mapInput: (request) => ({ input: { trigger: variablesOf(request, settings.credential_headers === 'keep') } }),
    mapCloudEvent: (event, request) => {
      const trigger = variablesOf(request, settings.credential_headers === 'keep');
      return { input: { trigger: { ...trigger, body: eventBody(event, request) } } };
    },
    readEventBody: eventBody,
    waitMs: () => WAIT_SECONDS_MAX * MS,
    respond: makeRespond(settings),
  } as const satisfies Omit<StartRoute, 'url' | 'operationId'>;
  const tenantless: StartRoute = { ...start, url: '/api/v1/executions/webhook/*', operationId: 'startByKestraWebhook' };
  const ofTenant: StartRoute = {
    ...start,
    url: '/api/v1/:tenant/executions/webhook/*',
    operationId: 'startByKestraWebhookOfTenant',
  };
  return [tenantless, ofTenant];
};

type Found = Pick<RunSnapshot, 'workflow' | 'triggerId' | 'triggerPath'>;

/** As the webhook was called; a run that none started is where its workflow is. */
const readPlace = (
  { workflow, triggerId = 'webhook', triggerPath = '' }: Found,
  settings: Settings,
): ExecutionPlace => {
  const { namespace, flow } = readAddress({ path: triggerPath });
  return {
    ...(flow === '' ? placeOfWorkflow(workflow) : { namespace, flow }),
    tenant: settings.tenant,
    origin: settings.url,
    triggerId,
  };
};

/** Each frame is the whole execution; `id` says whether it is the last, and no frame has an event name. */
const makeStream = (settings: Settings): RunStream => {
  return {
    open: () => [],
    frames: () => [],
    teller: (found) => {
      const { runId, workflow, version, requestedAt, input } = found;
      const place = readPlace(found, settings);
      const frameOf = (id: string, run: KnownRun): Frame => ({ id, data: JSON.stringify(executionOf(run, place)) });
      let run: KnownRun = { id: runId, workflow, version, requestedAt, input, state: 'waiting' };
      return (message) => {
        switch (message.type) {
          case 'state':
            run = { ...run, state: message.state, ...(message.state === 'running' ? { startedAt: message.time } : {}) };
            return [frameOf('progress', run)];
          case 'complete':
            run = { ...run, state: message.status, endedAt: message.time, output: message.output };
            return [frameOf('end', run)];
          default:
            return [];
        }
      };
    },
    keepAlive: { comment: 'keep-alive', everyMs: 15 * MS },
  };
};

type Suffix = 'OfTenant' | '';

/** @throws AppError `not_found` `run.not_found` below a tenant that is not there. */
const runIdOf = ({ params }: InboundRequest, { tenant }: Settings): string => {
  if ((params['tenant'] ?? tenant) !== tenant) throw new AppError('not_found', 'run.not_found', 'Execution not found');
  return params['id'] ?? '';
};

/** The addresses of one execution, below one prefix. */
const executionRoutes = (
  prefix: string,
  suffix: Suffix,
  settings: Settings,
): readonly (ReadRoute | FollowRoute | CancelRoute)[] => {
  const common = {
    credentials: readerCredentials,
    runId: (request: InboundRequest) => runIdOf(request, settings),
  };
  const read: ReadRoute = {
    ...common,
    does: 'read',
    methods: ['GET'],
    url: `${prefix}/executions/:id`,
    operationId: `kestraExecution${suffix}`,
    summary: 'One execution, as clients of Kestra poll it',
    render: (run) => jsonAnswer(200, executionOf(run, readPlace(run, settings))),
  };
  const follow: FollowRoute = {
    ...common,
    does: 'follow',
    methods: ['GET'],
    url: `${prefix}/executions/:id/follow`,
    operationId: `followKestraExecution${suffix}`,
    summary: 'An execution as server-sent events, until it is over',
    stream: makeStream(settings),
  };
  const kill: CancelRoute = {
    ...common,
    does: 'cancel',
    methods: ['DELETE'],
    url: `${prefix}/executions/:id/kill`,
    operationId: `killKestraExecution${suffix}`,
    summary: 'Cancel an execution',
    reason: () => 'killed by a client of Kestra',
    render: (run) =>
      isRunOver(run)
        ? jsonAnswer(409, { message: "Illegal state: Execution is already finished, can't kill it" })
        : emptyAnswer(202),
  };
  return [read, follow, kill];
};

const makeKestra = (settings: Settings): Dialect => ({
  name: NAME,
  summary: 'GET, POST and PUT /api/v1/executions/webhook/<namespace>/<flow>/<key>, poll GET /api/v1/executions/<id>',
  routes: [
    ...makeStart(settings),
    ...executionRoutes('/api/v1', '', settings),
    ...executionRoutes('/api/v1/:tenant', 'OfTenant', settings),
  ],
  described: kestraDescription,
  renderError: kestraError,
  declares: kestraDeclaration,
  examples: ({ workflow }, triggers) =>
    triggers
      .filter(({ dialect: name }) => name === NAME)
      .map((trigger) => ({
        trigger: trigger.id,
        title: exampleTitle(`webhook ${trigger.id}: execution as JSON`, trigger),
        method: trigger.methods.includes('POST') ? 'POST' : (trigger.methods[0] ?? 'POST'),
        path: `/api/v1/executions/webhook/${kestraDeclaration.placeOf(trigger.address, workflow)}/${KEY_PLACEHOLDER}`,
        headers: { 'content-type': 'application/json' },
        ...(trigger.methods.includes('POST') ? { body: '{"hello":"world"}' } : {}),
      })),
});

export const dialect: DialectModule = {
  name: NAME,
  settings: SettingsSchema,
  make: ({ tenant = 'main', credential_headers = 'redact', url = '' }) =>
    makeKestra({ tenant, credential_headers, url } as Settings),
};
