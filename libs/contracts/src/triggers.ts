import { type Static, Type } from 'typebox';

/** How a request shows that it may start the workflow. */
export const TriggerAuthSchema = Type.Enum(['token', 'workflow_key', 'path_key', 'signature', 'public']);
/**
 * `token`: any token that may run the workflow · `workflow_key`: only a key of this workflow: a token whose scope (`run:`, `jobs:run:…:`) names exactly
 * this workflow, or one of the trigger's own keys · `path_key`: one of the trigger's own keys, as part of the address ·
 * `signature`: the sender signs the raw bytes · `public`: anyone.
 */
export type TriggerAuth = Static<typeof TriggerAuthSchema>;

export const TriggerModeSchema = Type.Enum(['async', 'sync', 'stream']);
/** `async`: answered once recorded · `sync`: answered with the result · `stream`: server-sent events until the run is over. */
export type TriggerMode = Static<typeof TriggerModeSchema>;

/** A key of a trigger: never its text. Either the SHA-256 of a text that was declared, or the name of a secret. */
export const TriggerKeySchema = Type.Union([
  Type.Object(
    {
      sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
      /** Present when the text is so short that it can be guessed. */
      short: Type.Optional(Type.Literal(true)),
    },
    { additionalProperties: false },
  ),
  Type.Object({ secret: Type.String() }, { additionalProperties: false }),
]);
export type TriggerKey = Static<typeof TriggerKeySchema>;

/** Which signature is demanded, and with which secrets it may be made; several are active while one replaces another. */
export const TriggerSignatureSchema = Type.Object({
  preset: Type.String(),
  /** Names of secrets. */
  secrets: Type.Array(Type.String(), { minItems: 1 }),
  /** Further members of the rule, as the preset has them: `header`, `prefix`, `toleranceSeconds`, … */
  rule: Type.Record(Type.String(), Type.Unknown()),
  /** What a delivery that is sent again gets: the run of the first one (default), or a run of its own. */
  repeats: Type.Optional(Type.Enum(['first_run', 'allow'])),
});
export type TriggerSignature = Static<typeof TriggerSignatureSchema>;

export const RateLimitSchema = Type.Object(
  {
    /** Requests in a window. */
    requests: Type.Integer({ minimum: 1 }),
    /** Length of the window, in seconds. */
    per: Type.Integer({ minimum: 1, maximum: 86_400 }),
  },
  { additionalProperties: false },
);
export type RateLimit = Static<typeof RateLimitSchema>;

const Status = Type.Integer({ minimum: 200, maximum: 599 });
/** What the sender is answered, where it differs from what the dialect says. */
export const TriggerResponseSchema = Type.Object(
  {
    /** Status of a request that was recorded and not waited for. */
    accepted: Type.Optional(Status),
    /** Status of a run that completed. */
    completed: Type.Optional(Status),
    /** Status of a run that ended in any other way. */
    failed: Type.Optional(Status),
    /** Status of a request whose condition is false. */
    filtered: Type.Optional(Status),
    /** `dialect`: as the dialect has it · `result`: the output of the run alone · `empty`: no body at all. */
    body: Type.Optional(Type.Enum(['dialect', 'result', 'empty'])),
    content_type: Type.Optional(Type.String({ maxLength: 200 })),
  },
  { additionalProperties: false },
);
export type TriggerResponse = Static<typeof TriggerResponseSchema>;

export const EndStateSchema = Type.Enum(['completed', 'failed', 'cancelled', 'timed_out', 'rejected']);

/** A rule by which an HTTP request starts a workflow; part of the version that declares it. */
export const TriggerSchema = Type.Object({
  /** Unique in its workflow. */
  id: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }),
  dialect: Type.String(),
  /** Where it is reached; its members are the dialect's. */
  address: Type.Record(Type.String(), Type.Unknown()),
  /** HTTP methods, upper case; never HEAD. */
  methods: Type.Array(Type.String(), { minItems: 1 }),
  auth: TriggerAuthSchema,
  keys: Type.Optional(Type.Array(TriggerKeySchema)),
  signature: Type.Optional(TriggerSignatureSchema),
  /** Expressions (CEL, `{{ … }}`, or condition objects of Kestra); all of them must hold. */
  conditions: Type.Optional(Type.Array(Type.Unknown())),
  /** Members of the input and the CEL expressions that make them; absent: the dialect's own mapping. */
  input: Type.Optional(Type.Record(Type.String(), Type.String())),
  mode: TriggerModeSchema,
  response: Type.Optional(TriggerResponseSchema),
  rateLimit: Type.Optional(RateLimitSchema),
  /** Addresses and networks (CIDR) that may call; absent: any. */
  allowFrom: Type.Optional(Type.Array(Type.String())),
  /** True lets pages of other sites call it from a browser: CORS for any origin. */
  crossSite: Type.Optional(Type.Boolean()),
  /** The trigger stops once a run that it started has ended in one of these states. */
  stopAfter: Type.Optional(Type.Array(EndStateSchema)),
  enabled: Type.Boolean(),
});
export type Trigger = Static<typeof TriggerSchema>;

export type EndState = Static<typeof EndStateSchema>;

/** A rule by which time starts a workflow; part of the version that declares it. Its id is unique among all triggers of its workflow. */
export const ScheduleTriggerSchema = Type.Object({
  id: TriggerSchema.properties.id,
  /** Five fields, or six with seconds in front. */
  cron: Type.String(),
  /** IANA name of the zone whose clocks count. */
  timezone: Type.String(),
  /** Of every run that it starts; `{}` by default. */
  input: Type.Optional(Type.Unknown()),
  /** Of instants that passed while nobody could start a run: `latest` starts one for the last of them, `none` starts none. */
  catchUp: Type.Enum(['latest', 'none']),
  /** The trigger stops once a run that it started has ended in one of these states. */
  stopAfter: Type.Optional(Type.Array(EndStateSchema)),
  enabled: Type.Boolean(),
});
export type ScheduleTrigger = Static<typeof ScheduleTriggerSchema>;
/** Dialect of runs that a schedule started, and of its trigger in lists. */
export const SCHEDULE_DIALECT = 'schedule';

/** What was decided about a trigger while it is in service; without a record it is as its workflow declares it. */
export const TriggerStateSchema = Type.Object({
  workspace: Type.String(),
  workflow: Type.String(),
  /** Id of the trigger. */
  trigger: Type.String(),
  /** `stopped`: by its own `stop_after` · `disabled`, `enabled`: by a person, whatever is declared. */
  state: Type.Enum(['stopped', 'disabled', 'enabled']),
  /** For people. */
  reason: Type.String(),
  /** Since when, RFC 3339. */
  at: Type.String(),
  /** Id of the token that decided; absent when a run did. */
  by: Type.Optional(Type.String()),
  /** The run whose end stopped it last. Kept when it is enabled again: the same end does not stop it twice. */
  run: Type.Optional(Type.String()),
});
export type TriggerState = Static<typeof TriggerStateSchema>;

/** How a run was asked for: kept with the request for people and for `ctx.trigger`. */
export const TriggerInfoSchema = Type.Object({
  id: Type.String(),
  method: Type.String(),
  /** As it was called, without query. */
  path: Type.String(),
  /** `token`, `key`, `signature:github`, `public`, … */
  verified: Type.String(),
  /** Id by which the sender names this delivery. */
  delivery: Type.Optional(Type.String()),
  /** Address of the caller. */
  from: Type.Optional(Type.String()),
});
export type TriggerInfo = Static<typeof TriggerInfoSchema>;
