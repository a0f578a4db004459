/** Custom routes: `/api/r/{path}`, declared by workflows. */
import { AppError } from '@millrace/kernel';
import { type Trigger } from '@millrace/contracts';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { type AnswerRoute, type ExampleCall, type StartRoute, type TriggerDeclaration } from '../../dialect.ts';
import { exampleCredentials, exampleTitle } from '../../example-credentials.ts';
import { type InboundRequest } from '../../inbound-request.ts';
import { type BoundTrigger } from '../../trigger-directory.ts';
import { type Arguments, argumentsOfPairs } from './argument-names.ts';
import { keysOf } from './credentials.ts';
import { bestMatches, matchRoute, routeComplaints, type RouteParameters, shapeOf } from './match-route.ts';
import { readPreprocessorEvent, readPreprocessorInput, wantsPreprocessor } from './preprocessor-event.ts';
import { type ArgumentRules, readArguments, readEventArguments } from './read-arguments.ts';
import { answerOf, handshakeRoute, NAME, type RouteContext } from './start-routes.ts';
import { type WindmillSettings } from './settings.ts';

const PREFIX = '/api/r/';

const AddressSchema = Type.Object(
  {
    route: Type.String({
      minLength: 1,
      maxLength: 500,
      description: 'path below `/api/r/`: `orders/:id`, `files/*`; parameters become arguments',
    }),
    workspaced: Type.Optional(Type.Boolean({ description: 'the name of the workspace stands before the path' })),
    raw: Type.Optional(Type.Boolean({ description: 'adds the argument `raw_string`, the exact body' })),
    wrap_body: Type.Optional(Type.Boolean({ description: 'the body is the argument `body`, whatever it is' })),
    include_headers: Type.Optional(Type.Array(Type.String(), { description: 'headers that become arguments' })),
    include_query: Type.Optional(Type.Array(Type.String(), { description: 'query parameters that become arguments' })),
  },
  { additionalProperties: false },
);
type Address = Static<typeof AddressSchema>;

const addressOf = ({ address }: Pick<Trigger, 'address'>): Address => Value.Parse(AddressSchema, address);

const patternOf = ({ route, workspaced }: Address): string => `${workspaced === true ? ':workspace/' : ''}${route}`;

/** Parsed once: the trigger belongs to a version, which never changes. */
const patterns = new WeakMap<Trigger, string>();
const patternOfTrigger = ({ trigger }: BoundTrigger): string => {
  let pattern = patterns.get(trigger);
  if (pattern === undefined) patterns.set(trigger, (pattern = patternOf(addressOf(trigger))));
  return pattern;
};

export const routeDeclaration: TriggerDeclaration = {
  address: AddressSchema,
  defaults: { auth: 'token', methods: ['POST'], mode: 'sync' },
  placeOf: (address) => shapeOf(patternOf(addressOf({ address }))),
  complaints: ({ address }) => routeComplaints(patternOf(addressOf({ address }))),
};

/** A call of a declared route, with the names of its parameters in their places. */
export const routeExample = (trigger: Trigger, workspace: string): ExampleCall => {
  const { route, workspaced } = addressOf(trigger);
  const method = trigger.methods.includes('POST') ? 'POST' : (trigger.methods[0] ?? 'POST');
  const place = route.replaceAll(/[:*](?=[A-Za-z_])/g, '').replaceAll('*', 'rest');
  const hasBody = method !== 'GET' && method !== 'DELETE';
  return {
    trigger: trigger.id,
    title: exampleTitle(`route ${trigger.id}`, trigger),
    method,
    path: `${PREFIX}${workspaced === true ? `${workspace}/` : ''}${place}`,
    headers: {
      ...exampleCredentials(trigger),
      ...(hasBody && { 'content-type': 'application/json' }),
    },
    ...(hasBody && { body: '{}' }),
  };
};

const pathOf = ({ path }: InboundRequest): string => path.slice(PREFIX.length);

const notFound = (request: InboundRequest): AppError =>
  new AppError('not_found', 'workflow.not_found', `Trigger not found at ${pathOf(request)}`);

/** Those for the method first: one path may mean a workflow for each method. */
const forMethod = (found: readonly BoundTrigger[], method: string): readonly BoundTrigger[] => {
  const fitting = found.filter(({ trigger }) => trigger.methods.includes(method));
  return fitting.length === 0 ? found : fitting;
};

const SETTINGS_OF_TRIGGERS = ['raw', 'wrap_body'];

const rulesOf = (
  request: InboundRequest,
  address: Address,
  { include_headers: always }: WindmillSettings,
): ArgumentRules => {
  const misplaced = SETTINGS_OF_TRIGGERS.find((name) => request.query(name) !== undefined);
  if (misplaced !== undefined) {
    throw new AppError('invalid', 'windmill.bad_option', `${misplaced} is a setting of the trigger, not of the query`);
  }
  return {
    headers: [...always, ...(address.include_headers ?? [])],
    query: address.include_query ?? [],
    raw: address.raw === true,
    wraps: address.wrap_body === true,
  };
};

const parametersOf = (request: InboundRequest, bound: BoundTrigger): RouteParameters =>
  matchRoute(patternOfTrigger(bound), pathOf(request)) ?? {};

/** The workspace is none of them: it may be any name. */
const inputParameters = (parameters: RouteParameters): RouteParameters =>
  Object.fromEntries(Object.entries(parameters).filter(([name]) => name !== 'workspace'));

const parameterArguments = (request: InboundRequest, bound: BoundTrigger): Arguments =>
  argumentsOfPairs(
    Object.entries(inputParameters(parametersOf(request, bound))).map(
      ([name, value]) => [name === '*' ? 'path' : name, value] as const,
    ),
  );

/** What an event of a route says beyond those of the other addresses. */
const routeEvent = (request: InboundRequest, bound: BoundTrigger): Arguments => ({
  kind: 'http',
  route: addressOf(bound.trigger).route,
  path: pathOf(request),
  method: request.method,
  params: parameterArguments(request, bound),
});

export const httpRoutes = ({ settings, stream }: RouteContext): readonly (StartRoute | AnswerRoute)[] => {
  const route: StartRoute = {
    does: 'start',
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    url: `${PREFIX}*`,
    operationId: 'windmillRoute',
    summary: 'Start a workflow at a path of its own',
    credentials: keysOf(settings.api_key_headers),
    hidesAddresses: false,
    takesCrossSiteTokens: true,
    takesMultipart: true,
    resolve: (request, directory) =>
      forMethod(bestMatches(directory.declared(NAME), patternOfTrigger, pathOf(request)), request.method),
    notFound,
    waitMs: () => settings.timeout_wait_result * 1_000,
    abandoned: 'cancel',
    mapInput: (request, bound) => {
      const rules = rulesOf(request, addressOf(bound.trigger), settings);
      if (wantsPreprocessor(request, bound))
        return { input: readPreprocessorInput(request, settings, routeEvent(request, bound)) };
      // Parameters count most: they are part of what the trigger is.
      return { input: { ...readArguments(request, settings, rules), ...parameterArguments(request, bound) } };
    },
    mapCloudEvent: (event, request, bound) => {
      const rules = rulesOf(request, addressOf(bound.trigger), settings);
      if (wantsPreprocessor(request, bound))
        return { input: readPreprocessorEvent(event, request, settings, routeEvent(request, bound)) };
      return { input: { ...readEventArguments(event, request, rules), ...parameterArguments(request, bound) } };
    },
    respond: (outcome) => answerOf(outcome, settings),
    paramsOf: parametersOf,
    inputParamsOf: (request, bound) => inputParameters(parametersOf(request, bound)),
    stream,
  };
  return [route, handshakeRoute(route, route.methods)];
};
