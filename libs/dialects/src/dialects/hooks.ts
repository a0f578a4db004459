/**
 * The dialect `hooks`: `/hooks/<path>`, any path that a workflow declares, for every sender that has no protocol of its own here:
 * GitHub, Stripe, Slack, whatever signs, whoever sends CloudEvents.
 *
 * The input is what the body says, with the parameters of the path beside it: see {@link readInput}.
 */
import { KEY_PLACEHOLDER, type Trigger } from '@millrace/contracts';
import { AppError } from '@millrace/kernel';
import { type ReadCloudEvent } from '@millrace/domain';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { type Answer } from '../answer.ts';
import {
  type AnswerRoute,
  type Dialect,
  type DialectModule,
  type ExampleCall,
  type RunStream,
  type StartRoute,
} from '../dialect.ts';
import { problemAnswer } from '../errors/problem.ts';
import { exampleCredentials, exampleTitle } from '../example-credentials.ts';
import { type InboundRequest } from '../inbound-request.ts';
import { type BoundTrigger, type TriggerDirectory } from '../trigger-directory.ts';
import { readWait } from '../wait-preference.ts';
import { CORS, preflightAnswer } from './hooks/cross-site.ts';
import { hooksDescription } from './hooks/describe.ts';
import { matchPath, pathParams, placeOfPath } from './hooks/match-path.ts';
import { isMembers, type Members, readHookBody } from './hooks/read-hook-body.ts';
import { respondToHook } from './hooks/respond.ts';

const NAME = 'hooks';
const PREFIX = '/hooks';
/** Addresses with a key in them: `/hooks/key/<key>/<path>`. */
const KEY_PREFIX = `${PREFIX}/key`;
const SECOND = 1_000;

/** HEAD is not among them: it never starts anything. */
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
/** Letters, digits and what a URL may have in a segment; `:name` for a parameter; `*` for the rest, at the end only. */
const PATH = String.raw`^(/(:[A-Za-z_][A-Za-z0-9_]*|[A-Za-z0-9._~!$&'()+,;=@-]+))*(/\*)?$`;

const SettingsSchema = Type.Object(
  {
    wait: Type.Integer({
      minimum: 1,
      maximum: 600,
      default: 30,
      description: 'Seconds that the caller of a synchronous trigger waits for the result, unless it says `?wait=`.',
    }),
  },
  { additionalProperties: false },
);

interface HooksSettings {
  readonly wait: number;
}

/** The path of a request as declarations write it: without the prefix and, in addresses with one, without the key. */
const hookPath = ({ path, params }: InboundRequest): string =>
  params['key'] === undefined ? path.slice(PREFIX.length) : path.slice(path.indexOf('/', KEY_PREFIX.length + 1));

const paramsOf = (request: InboundRequest, { trigger }: BoundTrigger): Readonly<Record<string, string>> =>
  pathParams(String(trigger.address['path']), hookPath(request));

const lastOfEach = (request: InboundRequest): Members => Object.fromEntries(request.queryPairs());

/** Of what is no object, the member `body` is made. */
const membersOf = (value: unknown): Members => (isMembers(value) ? value : { body: value });

/** A `__proto__` of a form or a query would be one wherever objects are merged. */
const withoutProto = (members: Members): Members =>
  Object.fromEntries(Object.entries(members).filter(([name]) => name !== '__proto__'));

/** Members of the body, or of the query where there is none; parameters of the path win, which no body can change. */
const readInput = (request: InboundRequest, bound: BoundTrigger): Members => {
  const body = readHookBody(request);
  const members = body === undefined ? lastOfEach(request) : membersOf(body);
  return withoutProto({ ...members, ...paramsOf(request, bound) });
};

const readEvent = ({ data, hasData }: ReadCloudEvent, request: InboundRequest, bound: BoundTrigger): Members => {
  const members = isMembers(data) ? data : hasData ? { data } : {};
  return withoutProto({ ...members, ...paramsOf(request, bound) });
};

/** Names are those of `GET /runs/{id}/events`. */
const stream: RunStream = {
  headers: CORS, // whoever may not call from a page of another site gets no stream
  open: (run) => [{ event: 'accepted', data: JSON.stringify({ run_id: run.runId, status: 'accepted' }) }],
  frames: (message) => [{ event: message.type, data: JSON.stringify(message) }],
  keepAlive: { comment: 'keep-alive', everyMs: 15_000 },
};

const presentedKeys = (request: InboundRequest): readonly string[] =>
  [
    /^Bearer +(\S+)\s*$/i.exec(request.header('authorization') ?? '')?.[1],
    request.header('x-api-key'),
    request.params['key'],
  ].filter((text) => text !== undefined && text !== '') as readonly string[];

const notFound = (): AppError => new AppError('not_found', 'trigger.not_found', 'there is no trigger at this address');

const urlOf = (isKeyed: boolean): string => (isKeyed ? `${KEY_PREFIX}/:key/*` : `${PREFIX}/*`);

const triggersAt = (request: InboundRequest, directory: TriggerDirectory, isKeyed: boolean): readonly BoundTrigger[] =>
  (matchPath(directory.declared(NAME), hookPath(request))?.triggers ?? []).filter(
    ({ trigger }) => (trigger.auth === 'path_key') === isKeyed,
  );

const withCors = (answer: Answer, { trigger }: BoundTrigger): Answer =>
  trigger.crossSite === true ? { ...answer, headers: { ...answer.headers, ...CORS } } : answer;

const preflightAt = (isKeyed: boolean): AnswerRoute => ({
  does: 'answer',
  methods: ['OPTIONS'],
  url: urlOf(isKeyed),
  operationId: isKeyed ? 'preflightHookByKey' : 'preflightHook',
  summary: 'CORS preflight of a hook',
  access: 'public',
  takesCrossSite: true,
  mayBeUnknown: true,
  answer: (request, directory) =>
    preflightAnswer(
      request,
      isKeyed ? 'hidden' : triggersAt(request, directory, isKeyed).map(({ trigger }) => trigger),
    ),
});

const startAt = (settings: HooksSettings, isKeyed: boolean): StartRoute => {
  return {
    does: 'start',
    methods: METHODS,
    url: urlOf(isKeyed),
    operationId: isKeyed ? 'startHookByKey' : 'startHook',
    summary: isKeyed ? 'Start a workflow at an address that holds a key' : 'Start a workflow at an address of its own',
    description:
      'Answers 202 once the request is on disk, 200 with the first run for a delivery that came before, 204 when a condition is false. ' +
      'With `?wait=20` or `Prefer: wait=20` it answers with the result.',
    credentials: (request) => {
      const keys = presentedKeys(request);
      return { tokens: keys.slice(0, isKeyed ? 0 : 1).map((text) => ({ text, source: 'header' as const })), keys };
    },
    hidesAddresses: false,
    takesCrossSiteTokens: true,
    takesMultipart: true,
    resolve: (request, directory) => triggersAt(request, directory, isKeyed),
    notFound,
    mapInput: (request, bound) => ({ input: readInput(request, bound) }),
    mapCloudEvent: (event, request, bound) => ({ input: readEvent(event, request, bound) }),
    readBody: readHookBody,
    paramsOf,
    inputParamsOf: paramsOf,
    // What a run returns is for callers that have shown who they are, unless the author says so.
    mode: (request, { mode, auth }) =>
      auth !== 'public' && readWait(request.query('wait'), request.header('prefer')) > 0 ? 'sync' : mode,
    waitMs: (request) => readWait(request.query('wait'), request.header('prefer')) || settings.wait * SECOND,
    respond: (outcome, _request, bound) => withCors(respondToHook(outcome), bound),
    stream,
  };
};

/** Meta asks by GET whether an address is meant for it. */
const complaints = ({ address, methods, signature }: Trigger): readonly string[] => {
  const path = String(address['path']);
  const names = path.split('/').filter((segment) => segment.startsWith(':'));
  return [
    ...(new Set(names).size < names.length ? [`path: a parameter of ${path} is there twice`] : []),
    ...(/^\/key(\/|$)/.test(path) ? ['path: /key is for addresses with a key in them; say auth: path_key'] : []),
    ...(signature?.preset === 'meta' && !methods.includes('GET')
      ? ['methods: the preset meta asks for addresses by GET; say methods: [GET, POST]']
      : []),
  ];
};

const exampleOf = (trigger: Trigger): ExampleCall => {
  const path = String(trigger.address['path']).replaceAll(/:([A-Za-z_]\w*)/g, (_match, name: string) => name);
  const method = trigger.methods.includes('POST') ? 'POST' : (trigger.methods[0] ?? 'POST');
  const hasBody = method !== 'GET' && method !== 'DELETE';
  return {
    trigger: trigger.id,
    title: exampleTitle(`hook ${trigger.id}: start`, trigger),
    method,
    path: trigger.auth === 'path_key' ? `${KEY_PREFIX}/${KEY_PLACEHOLDER}${path}` : `${PREFIX}${path}`,
    headers: { ...exampleCredentials(trigger), ...(hasBody && { 'content-type': 'application/json' }) },
    ...(hasBody && { body: '{}' }),
  };
};

const makeHooks = (settings: HooksSettings): Dialect => ({
  name: NAME,
  summary: '/hooks/<path>: any path, signed by any sender, JSON, forms, files or CloudEvents',
  routes: [true, false].flatMap((isKeyed) => [startAt(settings, isKeyed), preflightAt(isKeyed)]),
  declares: {
    address: Type.Object({ path: Type.String({ pattern: PATH, minLength: 2, maxLength: 200 }) }),
    defaults: { auth: 'token', methods: ['POST'], mode: 'async' },
    placeOf: ({ path }) => placeOfPath(String(path)),
    complaints,
  },
  described: hooksDescription,
  renderError: problemAnswer,
  examples: (_workflow, triggers) => triggers.filter(({ dialect: name }) => name === NAME).map(exampleOf),
});

export const dialect: DialectModule = {
  name: NAME,
  settings: SettingsSchema,
  make: (settings) => makeHooks(Value.Default(SettingsSchema, { ...settings }) as HooksSettings),
};
