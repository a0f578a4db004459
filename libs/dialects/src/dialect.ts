import { type LiveMessage, type Trigger, type TriggerMode } from '@millrace/contracts';
import { type ReadCloudEvent } from '@millrace/domain';
import { type AppError } from '@millrace/kernel';
import { type TObject } from 'typebox';
import { type Answer, type Frame } from './answer.ts';
import { type InboundRequest } from './inbound-request.ts';
import { type DialectDescription, type RouteDescription } from './route-description.ts';
import { type StartTime } from './start-time.ts';
import { type RunSnapshot, type RecordedRun, type StartOutcome } from './run-snapshot.ts';
import { type BoundTrigger, type TriggerDirectory, type WorkflowInService } from './trigger-directory.ts';

/**
 * One HTTP protocol. Everything about it is in one file of `dialects/`: its addresses, how a request becomes input, what is answered.
 * All functions are pure: the gateway brings requests and outcomes, and sends what they return.
 */
export interface Dialect {
  readonly name: string;
  /** One line for people. */
  readonly summary: string;
  readonly routes: readonly DialectRoute[];
  /** The answer to anything that was refused; `path` as it was called, without query. */
  readonly renderError: (error: AppError, traceId: string | undefined, path?: string) => Answer;
  /** Further TCP ports on which the routes of these names are served, and nothing else. */
  readonly listeners?: readonly DialectListener[];
  /** True: `GET /health` of the server answers callers with a token only. The dialect `serve` decides. */
  readonly guardsHealth?: boolean;
  /** How its routes are described in OpenAPI, beyond their names; absent: bearer tokens, and bodies of any kind. */
  readonly described?: DialectDescription;
  /** How a workflow declares a trigger of it; absent when its triggers are automatic only. */
  readonly declares?: TriggerDeclaration;
  /** Calls that start this workflow, to be pasted. */
  readonly examples: (workflow: WorkflowInService, triggers: readonly Trigger[]) => readonly ExampleCall[];
}

/** A dialect before it knows what was configured for it. */
export interface DialectModule {
  readonly name: string;
  /** Keys of `[dialects.<name>]` in `millrace.toml`; each with default and description, and `variable` where one of the environment says it, too. */
  readonly settings: TObject;
  readonly make: (settings: Readonly<Record<string, unknown>>) => Dialect;
}

export interface DialectListener {
  /** As routes name it. */
  readonly name: string;
  readonly port: number;
}

export interface TriggerDeclaration {
  /** Whether a declaration without `dialect` is one of this: it has a name of the protocol in it. */
  readonly claims?: (written: Readonly<Record<string, unknown>>) => boolean;
  /**
   * Puts a declaration that is written in the words of the protocol into ours: `auth_token: x` → `auth: workflow_key`, `key: x`.
   * Called before anything is checked.
   *
   * @param workflow Path of the workflow that declares it.
   * @throws AppError `invalid` that says what is wrong with it, without repeating a key.
   */
  readonly translate?: (
    written: Readonly<Record<string, unknown>>,
    workflow: string,
  ) => Readonly<Record<string, unknown>>;
  /** Members of `address` in a declaration; keys (secrets in the address) are declared beside it, as `key`. */
  readonly address: TObject;
  readonly defaults: Pick<Trigger, 'auth' | 'methods' | 'mode'>;
  /** Where the gateway finds it again: requests with this place mean this trigger. */
  readonly placeOf: (address: Trigger['address'], workflow: string) => string;
  /** Fewest and most characters of a `key`; default 16 and 256. Keys with fewer than 16 are a warning of `doctor`. */
  readonly keyLengths?: readonly [min: number, max: number];
  /** What is wrong with a declaration, beyond the schema. */
  readonly complaints?: (trigger: Trigger) => readonly string[];
}

export interface ExampleCall {
  /** Id of the declared trigger that it is for. */
  readonly trigger?: string;
  /** What it shows, in a few words. */
  readonly title: string;
  readonly method: string;
  /** Below the server's address: `/run/a/b`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface RouteAddress {
  /** Upper case. Every other method at the same address is answered 405 with `Allow`. */
  readonly methods: readonly string[];
  /** `/a/:parameter/*`. */
  readonly url: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  /** What only this route has; it counts more than what the dialect says of it. */
  readonly describe?: RouteDescription;
  /** Second listener that serves this route instead of the main one. */
  readonly listener?: string;
  /** The answer to anything that was refused here, where it differs from the dialect's. */
  readonly renderError?: Dialect['renderError'];
  /** Where callers put their credentials. Default: `Authorization: Bearer <token>`. */
  readonly credentials?: (request: InboundRequest) => Credentials;
}

/** What a caller presented. */
export interface Credentials {
  /** Texts that may be a token; the first that is there counts. */
  readonly tokens: readonly PresentedToken[];
  /** Texts that may be a key of the trigger. */
  readonly keys: readonly string[];
}

export interface PresentedToken {
  readonly text: string;
  /** A token in a query can leak, one in a cookie is sent by browsers unasked: both count less. */
  readonly source: 'header' | 'query' | 'cookie';
}

/** What a run is started with. */
export interface StartArguments {
  readonly input: unknown;
  /** Environment variables as the caller gave them, unchecked. */
  readonly env?: unknown;
  /** Caller-chosen idempotency key, where the protocol has one of its own. */
  readonly idempotencyKey?: string;
  /** Refused with `over_limit` `run.queue_too_long` when more runs than this wait already. */
  readonly waitingMax?: number;
  /** Priority that the caller asks for. */
  readonly priority?: number;
  /** When it may start, where that is not at once: see `readNotBefore`. */
  readonly start?: StartTime;
  /** Shorter time for the run than its workflow gives it, in milliseconds. */
  readonly timeoutMs?: number;
}

export interface StartRoute extends RouteAddress {
  readonly does: 'start';
  /** The triggers that this address may mean; none: 404. Sees address and headers only. */
  readonly resolve: (request: InboundRequest, directory: TriggerDirectory) => readonly BoundTrigger[];
  /**
   * What any caller is told of an address whose triggers, all that `resolve` found, are for other methods; absent: only who may use one
   * of them is told so.
   */
  readonly wrongMethod?: (request: InboundRequest, found: readonly BoundTrigger[]) => AppError;
  /** What a caller is told of an address that means nothing, or nothing of the caller's. */
  readonly notFound: (request: InboundRequest) => AppError;
  /** What a caller who may use it is told of a trigger that is not enabled; absent: as if it were not there. */
  readonly disabled?: (bound: BoundTrigger) => AppError;
  /** True: an unknown address is 401 without a valid token, so that nothing can be learnt about which exist. */
  readonly hidesAddresses: boolean;
  /** True: callers with a token must send `X-Workflow-Client`, except by GET. */
  readonly demandsClientHeader?: boolean;
  /** True: pages of other sites may call it with a token in a header, as CORS of the protocol lets them. */
  readonly takesCrossSiteTokens?: boolean;
  /** Bytes; default 1,048,576. A larger body is refused with `too_large` `http.body_too_large`. */
  readonly bodyMax?: number;
  /** Files of multipart bodies go to the object store, and `request.multipart` is there. */
  readonly takesMultipart?: boolean;
  /** @throws AppError `invalid` or `unsupported` that says what is wrong with the request. */
  readonly mapInput: (request: InboundRequest, bound: BoundTrigger) => StartArguments;
  /** How a CloudEvent becomes input, in any of its modes; absent: a CloudEvent is an ordinary request. */
  readonly mapCloudEvent?: (event: ReadCloudEvent, request: InboundRequest, bound: BoundTrigger) => StartArguments;
  /** What expressions see as `body`; default: JSON where it is JSON, fields of a form, else the text. */
  readonly readBody?: (request: InboundRequest) => unknown;
  /** What expressions see as `body` of a CloudEvent; default: its data. */
  readonly readEventBody?: (event: ReadCloudEvent, request: InboundRequest) => unknown;
  /** What expressions see as `params`; default: the parameters of the route. */
  readonly paramsOf?: (request: InboundRequest, bound: BoundTrigger) => Readonly<Record<string, string>>;
  /**
   * Parameters that become part of the input: of a signed delivery they tell one event from another. Default: none, for the parameters
   * of a route only say which trigger is meant.
   */
  readonly inputParamsOf?: (request: InboundRequest, bound: BoundTrigger) => Readonly<Record<string, string>>;
  /** True: a run that was skipped is answered so also to a caller who does not wait; else that caller only gets the id. */
  readonly tellsSkipped?: boolean;
  /** Default: the trigger's own. */
  readonly mode?: (request: InboundRequest, trigger: Trigger) => TriggerMode;
  /** Longest wait of a synchronous call, in milliseconds. @throws AppError `invalid`. */
  readonly waitMs?: (request: InboundRequest, trigger: Trigger) => number;
  /** What happens to the run when a synchronous wait ran out or its caller left. Default `leave`. */
  readonly abandoned?: 'leave' | 'cancel';
  readonly respond: (outcome: StartOutcome, request: InboundRequest, bound: BoundTrigger) => Answer;
  /** Needed where `mode` may be `stream`. */
  readonly stream?: RunStream;
}

/** How a run is told as server-sent events. */
export interface RunStream {
  readonly headers?: Readonly<Record<string, string>>;
  readonly open: (run: RecordedRun, request: InboundRequest) => readonly Frame[];
  /** Frames of what happened; the message `complete` is the last one. */
  readonly frames: (message: LiveMessage, run: RecordedRun, request: InboundRequest) => readonly Frame[];
  /** Instead of `frames`, where a frame depends on those before it: asked once for each stream. */
  readonly teller?: (run: RecordedRun, request: InboundRequest) => (message: LiveMessage) => readonly Frame[];
  /** What keeps a silent connection open, the text of a comment or a frame, and how often it comes, in milliseconds. */
  readonly keepAlive?:
    { readonly comment: string; readonly everyMs: number } | { readonly frame: Frame; readonly everyMs: number };
  /** Last frames of a stream that cannot go on. */
  readonly failed?: (error: AppError) => readonly Frame[];
  /** The stream ends after this time, in milliseconds, with these frames. */
  readonly limit?: { readonly ms: number; readonly frames: () => readonly Frame[] };
}

interface RunAddress extends RouteAddress {
  /** True: pages of other sites may call it with a token in a header, as CORS of the protocol lets them. */
  readonly takesCrossSiteTokens?: boolean;
  /** The run that the address names. */
  readonly runId: (request: InboundRequest) => string;
}

export interface ReadRoute extends RunAddress {
  readonly does: 'read';
  /** True: `logs` is there. */
  readonly needsLogs?: boolean;
  readonly render: (run: RunSnapshot, request: InboundRequest, logs: string) => Answer;
}

export interface FollowRoute extends RunAddress {
  readonly does: 'follow';
  readonly stream: RunStream;
  /** The answer for a run that does not exist, where the protocol has one beside its errors. */
  readonly absent?: (request: InboundRequest) => Answer;
}

export interface CancelRoute extends RunAddress {
  readonly does: 'cancel';
  readonly reason: (request: InboundRequest) => string | undefined;
  /** @param run As it was when the wish was recorded; it may have been over by then. */
  readonly render: (run: RunSnapshot, request: InboundRequest) => Answer;
}

/** Answers without a run: handshakes, preflights, lists. */
export interface AnswerRoute extends RouteAddress {
  readonly does: 'answer';
  readonly access: 'public' | 'read';
  /** True: pages of other sites may ask: a preflight of CORS, which comes without credentials. */
  readonly takesCrossSite?: boolean;
  /** True: it looks at which triggers there are, and refuses where there are none, or none for the caller. */
  readonly mayBeUnknown?: boolean;
  readonly answer: (request: InboundRequest, directory: TriggerDirectory) => Answer;
}

/** Sends a file that came with a request, to whoever may see the runs of its workflow. */
export interface FileRoute extends RouteAddress {
  readonly does: 'file';
  /** Name of the object, as `MultipartFile` has it; `undefined` for a name that is none. */
  readonly object: (request: InboundRequest) => string | undefined;
  readonly render: (bytes: Uint8Array, request: InboundRequest) => Answer;
}

export type DialectRoute = StartRoute | ReadRoute | FollowRoute | CancelRoute | AnswerRoute | FileRoute;
