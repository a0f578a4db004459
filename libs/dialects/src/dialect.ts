import { type LiveMessage, type Trigger, type TriggerMode } from '@millrace/contracts';
import { type ReadCloudEvent } from '@millrace/domain';
import { type AppError } from '@millrace/kernel';
import { type TObject, type TSchema } from 'typebox';
import { type Answer, type Frame } from './answer.ts';
import { type InboundRequest } from './inbound-request.ts';
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
  /** The answer to anything that was refused. */
  readonly renderError: (error: AppError, traceId: string | undefined) => Answer;
  /** How a workflow declares a trigger of it; absent when its triggers are automatic only. */
  readonly declares?: TriggerDeclaration;
  /** Calls that start this workflow, to be pasted. */
  readonly examples: (workflow: WorkflowInService, triggers: readonly Trigger[]) => readonly ExampleCall[];
}

/** A dialect before it knows what was configured for it. */
export interface DialectModule {
  readonly name: string;
  /** Keys of `[dialects.<name>]` in `millrace.toml`; each with default and description. */
  readonly settings: TObject;
  readonly make: (settings: Readonly<Record<string, unknown>>) => Dialect;
}

export interface TriggerDeclaration {
  /** Members of `address` in a declaration; keys (secrets in the address) are declared beside it, as `key`. */
  readonly address: TObject;
  readonly defaults: Pick<Trigger, 'auth' | 'methods' | 'mode'>;
  /** Where the gateway finds it again: requests with this place mean this trigger. */
  readonly placeOf: (address: Trigger['address'], workflow: string) => string;
  /** What is wrong with a declaration, beyond the schema. */
  readonly complaints?: (trigger: Trigger) => readonly string[];
}

export interface ExampleCall {
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
  /** For the OpenAPI description only: the functions below read the request by themselves, and say more about what is wrong. */
  readonly describe?: RouteDescription;
  /** Second listener that serves this route instead of the main one. */
  readonly listener?: string;
  /** Where callers put their credentials. Default: `Authorization: Bearer <token>`. */
  readonly credentials?: (request: InboundRequest) => Credentials;
}

export interface RouteDescription {
  readonly body?: TSchema;
  readonly querystring?: TSchema;
  readonly response?: Readonly<Record<number, TSchema>>;
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
}

export interface StartRoute extends RouteAddress {
  readonly does: 'start';
  /** The triggers that this address may mean; none: 404. Sees address and headers only. */
  readonly resolve: (request: InboundRequest, directory: TriggerDirectory) => readonly BoundTrigger[];
  /** What a caller is told of an address that means nothing, or nothing of the caller's. */
  readonly notFound: (request: InboundRequest) => AppError;
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
  /** Text of the comment that keeps a silent connection open, and how often it comes, in milliseconds. */
  readonly keepAlive?: { readonly comment: string; readonly everyMs: number };
  /** The stream ends after this time, in milliseconds, with these frames. */
  readonly limit?: { readonly ms: number; readonly frames: () => readonly Frame[] };
}

interface RunAddress extends RouteAddress {
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
  readonly answer: (request: InboundRequest, directory: TriggerDirectory) => Answer;
}

export type DialectRoute = StartRoute | ReadRoute | FollowRoute | CancelRoute | AnswerRoute;
