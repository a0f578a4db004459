import { type Static, type TSchema, Type } from 'typebox';
import type { CloudEvent } from './cloud-event.ts';
import { EndStateSchema, TriggerInfoSchema } from './triggers.ts';

/** Pauses between an attempt that failed and the next one: `first`, `first * factor`, `first * factor²` … and never more than `max`. */
export const BackoffSchema = Type.Object({
  /** Milliseconds, as is `maxMs`. */
  firstMs: Type.Integer({ minimum: 1 }),
  factor: Type.Number({ minimum: 1 }),
  maxMs: Type.Integer({ minimum: 1 }),
  /** Share of a pause that chance may take away: 0 none of it, 1 all of it. */
  jitter: Type.Number({ minimum: 0, maximum: 1 }),
});
export type BackoffPolicy = Static<typeof BackoffSchema>;

/** Executors that name no pool are of this one, and so are runs. */
export const DEFAULT_POOL = 'default';
/** Names of pools. */
export const POOL_PATTERN = '^[a-z0-9][a-z0-9_-]{0,62}$';

/** Rules of one version that the scheduler and the executor need, copied into the request so that the log explains itself. */
export const RunPolicySchema = Type.Object({
  /** Longest time of one attempt, in milliseconds. */
  timeoutMs: Type.Integer({ minimum: 1 }),
  /** Runs of this workflow at the same time; absent means only the server's limit. */
  concurrency: Type.Optional(Type.Integer({ minimum: 1 })),
  /** Runs of one concurrency key at the same time; absent: the workflow has no key. */
  keyConcurrency: Type.Optional(Type.Integer({ minimum: 1 })),
  /** What happens to a request at the limit. */
  onLimit: Type.Union([
    Type.Literal('queue'),
    Type.Literal('reject'),
    Type.Literal('cancel_previous'),
    Type.Literal('skip'),
  ]),
  /** More runs of this workflow do not wait; absent means only the server's limit. */
  queueLimit: Type.Optional(Type.Integer({ minimum: 0 })),
  /** Starts of this workflow in any period of so many milliseconds; further attempts count. */
  rate: Type.Optional(Type.Object({ limit: Type.Integer({ minimum: 1 }), periodMs: Type.Integer({ minimum: 1 }) })),
  /** A run waits so many milliseconds for a later one of its key, which takes its place; all together no longer than `maxMs`. */
  debounce: Type.Optional(Type.Object({ periodMs: Type.Integer({ minimum: 1 }), maxMs: Type.Integer({ minimum: 1 }) })),
  /** Executors that may run it; absent: those of {@link DEFAULT_POOL}. */
  pool: Type.Optional(Type.String({ pattern: POOL_PATTERN })),
  /** How many further attempts follow an attempt that failed, or that was lost with its executor. */
  retries: Type.Object({
    failed: Type.Integer({ minimum: 0 }),
    lost: Type.Integer({ minimum: 0 }),
    /** Absent: the attempt after one that failed begins at once. */
    backoff: Type.Optional(BackoffSchema),
  }),
  /** Input, output and logs are sealed (see `sealed.ts`), and cannot be read any more once the run is over and its result was returned. */
  deleteAfterUse: Type.Optional(Type.Literal(true)),
});
export type RunPolicy = Static<typeof RunPolicySchema>;

export const WorkflowKindSchema = Type.Union([Type.Literal('script'), Type.Literal('workflow')]);
export type WorkflowKind = Static<typeof WorkflowKindSchema>;

/** What went wrong, for people and programs. */
export const RunErrorSchema = Type.Object({
  /** Stable: `exit_code`, `timeout`, `cancelled`, `executor_lost`, `exception`, `start_failed`, `limit`, … */
  code: Type.String(),
  message: Type.String(),
  /** Stack with source positions, when the workflow threw. */
  stack: Type.Optional(Type.String()),
});
export type RunError = Static<typeof RunErrorSchema>;

const RequestedSchema = Type.Object({
  /** Content hash of the version that shall run. */
  version: Type.String(),
  kind: WorkflowKindSchema,
  /** The JSON input; `{}` when the caller gave none. */
  input: Type.Unknown(),
  env: Type.Record(Type.String(), Type.String()),
  policy: RunPolicySchema,
  /** The protocol that the caller spoke: `serve`, `native`, `cli`. */
  dialect: Type.String(),
  /** Id of the token that asked. */
  requestedBy: Type.String(),
  /** Core NATS subject where a caller waits for the outcome. */
  replyTo: Type.Optional(Type.String()),
  idempotency: Type.Optional(
    Type.Object({
      /** Hash of principal, workflow and key; the last token of the request's subject. */
      keyHash: Type.String(),
      /** SHA-256 of the request, to tell a repeat from another request under the same key. */
      digest: Type.String(),
    }),
  ),
  rerunOf: Type.Optional(Type.String()),
  /** What the workflow's concurrency key was for this input. */
  concurrencyKey: Type.Optional(Type.String()),
  /** The same of its debounce key. */
  debounceKey: Type.Optional(Type.String()),
  /** More is sooner; absent: 0. */
  priority: Type.Optional(Type.Integer()),
  /** It starts no earlier, RFC 3339; absent: as soon as it may. */
  notBefore: Type.Optional(Type.String({ format: 'date-time' })),
  /** The instant of the schedule that asked for it, RFC 3339. */
  scheduledFor: Type.Optional(Type.String({ format: 'date-time' })),
  /** Which trigger it came by, and what showed that it may. */
  trigger: Type.Optional(TriggerInfoSchema),
  /** That trigger stops once the run has ended in one of these states. */
  stopAfter: Type.Optional(Type.Array(EndStateSchema)),
  /** Attributes of the CloudEvent that asked for the run, without its data. */
  cloudEvent: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});

const DispatchedSchema = Type.Object({
  executor: Type.String(),
  version: Type.String(),
  kind: WorkflowKindSchema,
  input: Type.Unknown(),
  env: Type.Record(Type.String(), Type.String()),
  timeoutMs: Type.Integer({ minimum: 1 }),
  /** True when a failed attempt will be followed by another: the executor then says `attempt.failed` instead of `failed`. */
  retryOnFailure: Type.Boolean(),
  replyTo: Type.Optional(Type.String()),
  /** Input and environment are sealed, and so shall be everything that the run says: see `RunPolicySchema`. */
  deleteAfterUse: Type.Optional(Type.Literal(true)),
  /** As the request has them: what the run knows of how it was asked for. */
  trigger: Type.Optional(TriggerInfoSchema),
  cloudEvent: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});

const OutcomeSchema = Type.Object({
  /** The result; absent when there is none. */
  output: Type.Optional(Type.Unknown()),
  /** Exit code of a script. */
  exitCode: Type.Optional(Type.Integer()),
});

const FailureSchema = Type.Object({
  error: RunErrorSchema,
  output: Type.Optional(Type.Unknown()),
  exitCode: Type.Optional(Type.Integer()),
  /** Signal that ended the process, such as `SIGKILL`. */
  signal: Type.Optional(Type.String()),
});

/**
 * Data schema of every event type ever published. Only ever extended: old bytes decode for ever (`tests/golden`).
 *
 * Terminal: `completed`, `failed`, `cancelled`, `timed_out`, `rejected`. An event whose `attempt` is not the run's current
 * attempt, or that follows a terminal event, is recorded and changes nothing.
 */
export const RUN_EVENT_SCHEMAS = {
  'dev.millrace.run.requested.v1': RequestedSchema,
  'dev.millrace.run.dispatched.v1': DispatchedSchema,
  'dev.millrace.run.started.v1': Type.Object({ executor: Type.String(), pid: Type.Optional(Type.Integer()) }),
  'dev.millrace.run.progressed.v1': Type.Object({
    /** 0 to 100. */
    percent: Type.Number({ minimum: 0, maximum: 100 }),
    message: Type.Optional(Type.String()),
  }),
  /** The answer for a caller that waits, before the end; at most one of an attempt. The run goes on, and ends as it ends. */
  'dev.millrace.run.responded.v1': Type.Object({ response: Type.Unknown() }),
  'dev.millrace.run.cancel.requested.v1': Type.Object({
    requestedBy: Type.String(),
    reason: Type.Optional(Type.String()),
  }),
  'dev.millrace.run.attempt.failed.v1': FailureSchema,
  'dev.millrace.run.attempt.lost.v1': Type.Object({
    executor: Type.String(),
    reason: Type.String(),
    /** False: the loss was, or may have been, the fault of another, and does not count against `retries.lost`. Default true. */
    counted: Type.Optional(Type.Boolean()),
  }),
  /** The scheduler's word after `attempt.failed` of the same attempt: the next one begins no earlier. */
  'dev.millrace.run.retry.scheduled.v1': Type.Object({
    /** RFC 3339. */
    notBefore: Type.String({ format: 'date-time' }),
    delayMs: Type.Integer({ minimum: 0 }),
  }),
  'dev.millrace.run.completed.v1': OutcomeSchema,
  'dev.millrace.run.failed.v1': FailureSchema,
  'dev.millrace.run.cancelled.v1': Type.Object({
    reason: Type.Optional(Type.String()),
    exitCode: Type.Optional(Type.Integer()),
  }),
  'dev.millrace.run.timed_out.v1': FailureSchema,
  'dev.millrace.run.rejected.v1': Type.Object({ error: RunErrorSchema }),
} as const satisfies Record<string, TSchema>;

export type RunEventType = keyof typeof RUN_EVENT_SCHEMAS;
export type RunEventData<Type extends RunEventType> = Static<(typeof RUN_EVENT_SCHEMAS)[Type]>;
/** One event of one type, in its envelope. */
export type RunEventOf<Type extends RunEventType> = CloudEvent<Type, RunEventData<Type>>;
/** Any run event; switch on `type`. */
export type RunEvent = { [Type in RunEventType]: RunEventOf<Type> }[RunEventType];

export type RunRequested = RunEventOf<'dev.millrace.run.requested.v1'>;
export type RunDispatched = RunEventOf<'dev.millrace.run.dispatched.v1'>;

/** `completed` of `dev.millrace.run.completed.v1`; the second token of its public subject. */
export const eventName = (type: RunEventType): string => type.slice('dev.millrace.run.'.length, -'.v1'.length);

const TERMINAL: ReadonlySet<string> = new Set<RunEventType>([
  'dev.millrace.run.completed.v1',
  'dev.millrace.run.failed.v1',
  'dev.millrace.run.cancelled.v1',
  'dev.millrace.run.timed_out.v1',
  'dev.millrace.run.rejected.v1',
]);

/** Whether an event of this type ends its run. */
export const isTerminal = (type: RunEventType): boolean => TERMINAL.has(type);
