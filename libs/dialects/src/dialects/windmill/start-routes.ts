/** `run/…`, `run_wait_result/…` and `run_and_stream/…`: by path and by version, for scripts and for flows. */
import { type TriggerMode } from '@millrace/contracts';
import { automaticTrigger } from '../../automatic-trigger.ts';
import { type Answer, emptyAnswer, textAnswer } from '../../answer.ts';
import { type AnswerRoute, type DialectRoute, type RunStream, type StartRoute } from '../../dialect.ts';
import { type InboundRequest } from '../../inbound-request.ts';
import { type StartOutcome } from '../../run-snapshot.ts';
import { isKnownWorkspace, type Naming, notFoundAt, WORKSPACE, workflowsAt } from './addresses.ts';
import { tokensOf } from './credentials.ts';
import { CORS, internal } from './errors.ts';
import { resultOf } from './job-result.ts';
import { jobOptions } from './query-options.ts';
import { readPreprocessorEvent, readPreprocessorInput, wantsPreprocessor } from './preprocessor-event.ts';
import { readArguments, readEventArguments, rulesOfQuery } from './read-arguments.ts';
import { renderResult } from './render-result.ts';
import { type WindmillSettings } from './settings.ts';

export const NAME = 'windmill';

/** What the routes of one configuration share. */
export interface RouteContext {
  readonly settings: WindmillSettings;
  readonly stream: RunStream;
}

/** Answer to a request that was let in. */
export const answerOf = (outcome: StartOutcome, settings: WindmillSettings): Answer => {
  switch (outcome.kind) {
    case 'filtered':
      return textAnswer(200, `nothing was started: ${outcome.reason}`, CORS);
    case 'accepted': {
      const replayed = outcome.run.replayed ? { 'idempotency-replayed': 'true' } : {};
      return textAnswer(settings.accepted_status, outcome.run.runId, { ...CORS, ...replayed });
    }
    case 'ended': {
      const end = { state: outcome.result.status, output: outcome.result.output, error: outcome.result.error };
      return renderResult(resultOf(end), end.state !== 'completed', settings);
    }
    case 'responded':
      return renderResult(outcome.response, false, settings);
    case 'timed_out':
      return internal(`timeout after ${outcome.waitedMs / 1_000}s`);
  }
};

const MODES: Readonly<Record<string, { readonly mode: TriggerMode; readonly name: string; readonly says: string }>> = {
  run: { mode: 'async', name: 'windmillRun', says: 'answers 201 with the id of the run' },
  run_wait_result: { mode: 'sync', name: 'windmillRunWaitResult', says: 'answers with the result' },
  run_and_stream: { mode: 'stream', name: 'windmillRunAndStream', says: 'answers with server-sent events' },
};

interface Address {
  /** Below `jobs/`: `run/p/*`. */
  readonly suffix: string;
  readonly naming: Naming;
  /** Ends the operation id: `ScriptByPath`. */
  readonly entity: string;
  readonly says: string;
}

const ADDRESSES: readonly Address[] = [
  { suffix: 'p/*', naming: 'path', entity: 'ScriptByPath', says: 'the version in service' },
  { suffix: 'h/:version', naming: 'hash', entity: 'ScriptByHash', says: 'one version, for ever' },
  { suffix: 'f/*', naming: 'path', entity: 'FlowByPath', says: 'the version in service' },
  { suffix: 'fv/:version', naming: 'flow-version', entity: 'FlowByVersion', says: 'one version, for ever' },
];

/** The documentation leaves out `p/` where it names the format of synchronous addresses. */
const SHORTHAND: Address = { suffix: '*', naming: 'path', entity: 'ByShortPath', says: 'the version in service' };

const methodsOf = (verb: string, { naming }: Address): readonly string[] => {
  if (verb === 'run' || (verb === 'run_wait_result' && naming === 'hash')) return ['POST'];
  return ['GET', 'POST'];
};

const startRoute = (verb: string, address: Address, { settings, stream }: RouteContext): StartRoute => {
  const { mode, name, says } = MODES[verb] ?? { mode: 'async', name: '', says: '' };
  const methods = methodsOf(verb, address);
  const mapOptions = (request: InboundRequest) => jobOptions(request, mode === 'sync');
  return {
    does: 'start',
    methods,
    url: `${WORKSPACE}/jobs/${verb}/${address.suffix}`,
    operationId: `${name}${address.entity}`,
    summary: `Start ${address.says}: ${says}`,
    credentials: tokensOf,
    hidesAddresses: true,
    takesCrossSiteTokens: true,
    takesMultipart: true,
    resolve: (request, directory) =>
      isKnownWorkspace(request, settings)
        ? workflowsAt(request, directory, address.naming).map((found) =>
            automaticTrigger(NAME, found, { methods: [...methods], mode }),
          )
        : [],
    notFound: notFoundAt(address.naming),
    mode: () => mode,
    waitMs: () => settings.timeout_wait_result * 1_000,
    abandoned: 'cancel',
    mapInput: (request, bound) => ({
      ...mapOptions(request),
      input: wantsPreprocessor(request, bound)
        ? readPreprocessorInput(request, settings)
        : readArguments(request, settings),
    }),
    mapCloudEvent: (event, request, bound) => ({
      ...mapOptions(request),
      input: wantsPreprocessor(request, bound)
        ? readPreprocessorEvent(event, request, settings)
        : readEventArguments(event, request, rulesOfQuery(request, settings)),
    }),
    respond: (outcome) => answerOf(outcome, settings),
    stream,
  };
};

/** CORS for any page, and the handshake by which senders of CloudEvents ask whether they are welcome. */
const handshake = (request: InboundRequest, methods: readonly string[]): Answer => {
  if (request.method === 'HEAD') return emptyAnswer(200);
  const origin = request.header('webhook-request-origin');
  return emptyAnswer(200, {
    ...CORS,
    'access-control-allow-methods': methods.join(','),
    'access-control-allow-headers': 'content-type,authorization,x-api-key',
    ...(origin === undefined ? {} : { 'webhook-allowed-origin': origin, 'webhook-allowed-rate': '*' }),
  });
};

/** Answers HEAD and OPTIONS at an address, without looking at what it means. `allowed`: what else it takes. */
export const handshakeRoute = (
  { url, operationId }: Pick<StartRoute, 'url' | 'operationId'>,
  allowed: readonly string[] = ['GET', 'POST'],
): AnswerRoute => ({
  does: 'answer',
  access: 'public',
  takesCrossSite: true,
  methods: ['HEAD', 'OPTIONS'],
  url,
  operationId: `${operationId}Handshake`,
  summary: 'Preflight of CORS, handshake of CloudEvents; starts nothing',
  answer: (request) => handshake(request, allowed),
});

export const startRoutes = (context: RouteContext): readonly DialectRoute[] =>
  Object.keys(MODES)
    .flatMap((verb) =>
      [...ADDRESSES, ...(verb === 'run_wait_result' ? [SHORTHAND] : [])].map((address) =>
        startRoute(verb, address, context),
      ),
    )
    .flatMap((route) => [route, handshakeRoute(route)]);
