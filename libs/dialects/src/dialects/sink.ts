/**
 * The dialect `sink`: `/sink/trigger/http/<app_id>/<path>`, with and without `/api/v1`, and `/<app_id>/<path>` on a port of its own.
 *
 * By default a run is told as server-sent events. `Accept` chooses another form: see {@link chooseReply}.
 */
import { type Trigger } from '@millrace/contracts';
import { AppError } from '@millrace/kernel';
import { Type } from 'typebox';
import { emptyAnswer, textAnswer } from '../answer.ts';
import {
  type AnswerRoute,
  type Dialect,
  type DialectModule,
  type ReadRoute,
  type RunStream,
  type StartRoute,
  type TriggerDeclaration,
} from '../dialect.ts';
import { exampleCredentials, exampleTitle } from '../example-credentials.ts';
import { type InboundRequest } from '../inbound-request.ts';
import { type BoundTrigger, type TriggerDirectory } from '../trigger-directory.ts';
import { answerOutcome } from './sink/answer-outcome.ts';
import { chooseReply, modeOf, type Reply } from './sink/choose-reply.ts';
import { sinkCredentials } from './sink/credentials.ts';
import { sinkDescription } from './sink/describe.ts';
import { desktopError, serverError } from './sink/errors.ts';
import { readEventPayload, readPayload } from './sink/read-payload.ts';
import { runState } from './sink/run-state.ts';
import { documentedFrames, namedEvents } from './sink/tell-run.ts';

const NAME = 'sink';
/** The routes of the desktop application are served on a port of their own. */
const DESKTOP = 'sink';
const DESKTOP_PORT = 9657;
const DESKTOP_WAIT_MS = 30_000;

/** HEAD is not among them: it never starts anything. OPTIONS asks for CORS. */
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const BODY_MAX = 10 * 1_048_576;
/** As servers of the protocol do while nothing happens. */
const KEEP_ALIVE = { comment: 'keep-alive', everyMs: 1_000 };
const STREAM_MAX_MS = 3_600_000;
const SECOND = 1_000;
const CORS = { 'access-control-allow-origin': '*' };

const SettingsSchema = Type.Object(
  {
    listen: Type.Union([Type.Boolean(), Type.Integer({ minimum: 0, maximum: 65_535 })], {
      default: false,
      description:
        'Port of a second listener with the addresses `/<app_id>/<path>`; `true` is 9657, 0 takes any free one.',
    }),
    reply: Type.Enum(['frames', 'events', 'json'], {
      default: 'frames',
      description:
        'What callers get whose `Accept` names neither JSON nor event streams: documented frames, named events, or the result as JSON.',
    }),
    wait: Type.Integer({
      minimum: 1,
      maximum: 3_600,
      default: 120,
      description: 'Seconds that a caller of JSON waits for the result.',
    }),
  },
  { additionalProperties: false },
);

interface SinkSettings {
  readonly listen: boolean | number;
  readonly reply: Reply;
  readonly wait: number;
}

const placeOf = (address: Trigger['address']): string => `${String(address['app_id'])}${String(address['path'])}`;

/** Declarations in the words of the document: `method`, and `auth_token`, which is `null` for a public address. */
const translate: TriggerDeclaration['translate'] = ({ method, auth_token: token, ...written }) => ({
  ...(typeof method === 'string' && { methods: [method.toUpperCase()] }),
  ...(token === null && { auth: 'public' }),
  ...(token !== null && token !== undefined && { auth: 'workflow_key', key: token }),
  ...written,
});

const declares: TriggerDeclaration = {
  address: Type.Object({
    app_id: Type.String({ pattern: '^[A-Za-z0-9_.-]{1,100}$', default: 'default' }),
    path: Type.String({ pattern: '^/[^?#]+$', maxLength: 200 }),
  }),
  defaults: { auth: 'token', methods: METHODS, mode: 'stream' },
  keyLengths: [1, 256],
  placeOf,
  translate,
  complaints: ({ auth }) =>
    auth === 'path_key' ? ['auth: path_key: an address of a sink has no key in it; use auth_token'] : [],
};

const triggersAt = ({ params }: InboundRequest, directory: TriggerDirectory): readonly BoundTrigger[] =>
  directory.at(NAME, `${params['app_id'] ?? ''}/${params['*'] ?? ''}`);

const enabledAt = (request: InboundRequest, directory: TriggerDirectory): readonly BoundTrigger[] =>
  triggersAt(request, directory).filter(({ trigger }) => trigger.enabled);

/** A trigger that is declared for the method, else all that are there: those that are enabled, if any is. */
const resolve: StartRoute['resolve'] = (request, directory) => {
  const enabled = enabledAt(request, directory);
  const there = enabled.length > 0 ? enabled : triggersAt(request, directory);
  const fitting = there.filter(({ trigger }) => trigger.methods.includes(request.method));
  return fitting.length > 0 ? fitting : there;
};

/** An address whose triggers have other methods says which. */
const wrongMethod: StartRoute['wrongMethod'] = ({ method }, found) =>
  new AppError('refused', 'http.method_not_allowed', `${method} is not for this address`, {
    details: { allow: [...new Set(found.flatMap(({ trigger }) => trigger.methods))].sort() },
  });

const makeStream = (replyOf: (request: InboundRequest) => Reply): RunStream => {
  const tellerFor = (request: InboundRequest) => (replyOf(request) === 'events' ? namedEvents : documentedFrames);
  return {
    headers: CORS,
    open: (run, request) => tellerFor(request).open(run),
    frames: (message, run, request) => tellerFor(request).of(message, run),
    keepAlive: KEEP_ALIVE,
    limit: {
      ms: STREAM_MAX_MS,
      frames: () => [{ data: JSON.stringify({ type: 'timeout', message: 'the stream ends here, the run goes on' }) }],
    },
  };
};

const withCors = <Told extends { readonly headers?: Readonly<Record<string, string>> }>(
  answer: Told,
  { trigger }: BoundTrigger,
): Told => (trigger.crossSite === true ? { ...answer, headers: { ...answer.headers, ...CORS } } : answer);

/** Lets pages of other sites call the triggers that allow it. */
const preflightAnswer: AnswerRoute['answer'] = (request, directory) => {
  const there = enabledAt(request, directory);
  const open = there.filter(({ trigger }) => trigger.crossSite === true);
  if (there.length === 0) throw new AppError('not_found', 'workflow.not_found', 'there is no sink at this address');
  const methods = [...new Set((open.length > 0 ? open : there).flatMap(({ trigger }) => trigger.methods))].sort();
  if (open.length === 0) {
    throw new AppError('refused', 'http.method_not_allowed', 'this sink is not for pages of other sites', {
      details: { allow: methods },
    });
  }
  return emptyAnswer(204, {
    ...CORS,
    'access-control-allow-methods': methods.join(', '),
    'access-control-allow-headers': request.header('access-control-request-headers') ?? '*',
    'access-control-max-age': '600',
  });
};

/** Where a trigger is reached. */
interface Place {
  readonly url: string;
  readonly operationId: string;
  readonly listener?: string;
}

const SERVER_PLACES: readonly Place[] = [
  { url: '/sink/trigger/http/:app_id/*', operationId: 'triggerSink' },
  { url: '/api/v1/sink/trigger/http/:app_id/*', operationId: 'triggerSinkV1' },
];
const DESKTOP_PLACE: Place = { url: '/:app_id/*', operationId: 'triggerDesktopSink', listener: DESKTOP };

const commonOf = ({ url, operationId, listener }: Place) => ({
  url,
  operationId,
  ...(listener === undefined ? {} : { listener, renderError: desktopError }),
});

const startAt = (place: Place, { reply, wait }: SinkSettings): StartRoute => {
  const isDesktop = place.listener !== undefined;
  const replyTo = (request: InboundRequest): Reply => chooseReply(request, reply);
  return {
    ...commonOf(place),
    does: 'start',
    methods: METHODS,
    summary: 'Trigger an HTTP sink',
    description: 'Tells the run as server-sent events; with `Accept: application/json` it answers with the result.',
    credentials: sinkCredentials,
    hidesAddresses: false,
    bodyMax: BODY_MAX,
    takesMultipart: true,
    resolve,
    wrongMethod,
    notFound: () => new AppError('not_found', 'workflow.not_found', 'there is no sink at this address'),
    mapInput: (request) => ({ input: readPayload(request) }),
    mapCloudEvent: (event, request) => ({ input: readEventPayload(event, request) }),
    mode: (request, { mode }) => modeOf(mode, mode === 'sync' ? chooseReply(request, 'json') : replyTo(request)),
    waitMs: () => (isDesktop ? DESKTOP_WAIT_MS : wait * SECOND),
    respond: (outcome, _request, bound) => withCors(answerOutcome(outcome, isDesktop), bound),
    stream: makeStream(replyTo),
  };
};

const preflightAt = (place: Place): AnswerRoute => ({
  ...commonOf({ ...place, operationId: `${place.operationId}Preflight` }),
  does: 'answer',
  methods: ['OPTIONS'],
  summary: 'CORS preflight of an HTTP sink',
  access: 'public',
  takesCrossSite: true,
  mayBeUnknown: true,
  answer: preflightAnswer,
});

const health: AnswerRoute = {
  does: 'answer',
  methods: ['GET'],
  url: '/health',
  operationId: 'sinkHealth',
  summary: 'Whether the listener is there',
  listener: DESKTOP,
  renderError: desktopError,
  access: 'public',
  answer: () => textAnswer(200, 'OK'),
};

const readRun: ReadRoute = {
  does: 'read',
  methods: ['GET'],
  url: '/api/v1/execution/run/:id',
  operationId: 'sinkRun',
  summary: 'Where a run is',
  credentials: sinkCredentials,
  runId: ({ params }) => params['id'] ?? '',
  render: runState,
};

const makeRoutes = (settings: SinkSettings) => [
  ...[...SERVER_PLACES, DESKTOP_PLACE].flatMap((place) => [startAt(place, settings), preflightAt(place)]),
  readRun,
  health,
];

const portOf = (listen: boolean | number): number | undefined => {
  if (listen === false) return undefined;
  return listen === true ? DESKTOP_PORT : listen;
};

const makeSink = (settings: SinkSettings): Dialect => {
  const port = portOf(settings.listen);
  return {
    name: NAME,
    summary: '/sink/trigger/http/<app_id>/<path>, answered with server-sent events',
    routes: makeRoutes(settings),
    ...(port === undefined ? {} : { listeners: [{ name: DESKTOP, port }] }),
    declares,
    described: sinkDescription,
    renderError: serverError,
    examples: (_workflow, triggers) =>
      triggers
        .filter(({ dialect: name }) => name === NAME)
        .map((trigger) => {
          const [method = 'POST'] = trigger.methods.includes('POST') ? ['POST'] : trigger.methods;
          return {
            trigger: trigger.id,
            title: exampleTitle(`sink ${trigger.id}: follow the run`, trigger),
            method,
            path: `/sink/trigger/http/${placeOf(trigger.address)}`,
            headers: exampleCredentials(trigger),
            ...(method === 'GET' ? {} : { body: '{"event":"test"}' }),
          };
        }),
  };
};

export const dialect: DialectModule = {
  name: NAME,
  settings: SettingsSchema,
  make: (settings) => makeSink(settings as unknown as SinkSettings),
};
