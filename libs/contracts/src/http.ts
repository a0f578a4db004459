import { type Static, type TSchema, Type } from 'typebox';
import { RunErrorSchema, WorkflowKindSchema } from './run-events.ts';
import { DeployProblemSchema, WORKFLOW_PATH_PATTERN } from './workflows.ts';

/**
 * What travels over HTTP. The gateway validates requests with these schemas, and `/openapi.json` is generated from them.
 * Members are snake_case on the wire.
 */

const time = (description: string) => Type.String({ format: 'date-time', description });
const optional = <Schema extends TSchema>(schema: Schema) => Type.Optional(schema);

/** Longest synchronous wait, in seconds; more is cut to this. */
export const WAIT_SECONDS_MAX = 300;
/** Longest `Idempotency-Key`, in characters. */
export const IDEMPOTENCY_KEY_LENGTH_MAX = 255;
/** Largest request body, in bytes. */
export const BODY_BYTES_MAX = 1_048_576;
export const PAGE_LIMIT_MAX = 200;
export const PAGE_LIMIT_DEFAULT = 50;

/** RFC 9457, with a stable `code`. */
export const ProblemSchema = Type.Object(
  {
    type: Type.String({ description: '`urn:millrace:<code>`' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String({ description: 'stable: `area.reason`' }),
    trace_id: optional(Type.String()),
  },
  { title: 'Problem', additionalProperties: true },
);
export type Problem = Static<typeof ProblemSchema>;

/** What the serve dialect answers where it prescribes a body of its own. */
export const DialectErrorSchema = Type.Object(
  { error: Type.String(), max: optional(Type.Integer()), max_bytes: optional(Type.Integer()) },
  { title: 'DialectError' },
);

// ---- states

/** The three words of the serve dialect. `state` tells more. */
export const DialectStatusSchema = Type.Union([
  Type.Literal('running'),
  Type.Literal('completed'),
  Type.Literal('failed'),
]);
export type DialectStatus = Static<typeof DialectStatusSchema>;

/** Where a run is. The last five are terminal. */
export const RunStateSchema = Type.Union([
  Type.Literal('waiting'),
  Type.Literal('dispatched'),
  Type.Literal('running'),
  Type.Literal('completed'),
  Type.Literal('failed'),
  Type.Literal('cancelled'),
  Type.Literal('timed_out'),
  Type.Literal('rejected'),
]);
export type RunState = Static<typeof RunStateSchema>;

export const ProgressSchema = Type.Object({
  percent: Type.Number({ minimum: 0, maximum: 100 }),
  message: optional(Type.String()),
});

// ---- serve dialect

export const HealthSchema = Type.Object(
  {
    status: Type.String({
      description: '`ok`; `degraded` when what is away does not stop requests from being recorded; else `unavailable`',
    }),
    durability: optional(
      Type.String({
        description: '`strict`: acknowledged means on disk; `relaxed`: a power cut may lose the last moments',
      }),
    ),
    dependencies: optional(
      Type.Record(Type.String(), Type.Object({ ok: Type.Boolean(), detail: optional(Type.String()) })),
    ),
  },
  { title: 'Health' },
);
export type Health = Static<typeof HealthSchema>;

export const TaskSchema = Type.Object({
  ref: Type.String({ description: 'path of the workflow, `<category>/<task>`' }),
  kind: Type.String({
    description: '`ShellScript` for scripts of any language, else `YamlWorkflow`: the two words of the dialect',
  }),
  path: Type.String({ description: 'file below the workflows folder' }),
  description: Type.String(),
});
export const TasksSchema = Type.Object({ tasks: Type.Array(TaskSchema) }, { title: 'Tasks' });

/** Body of a request that starts a run. */
export const RunBodySchema = Type.Object(
  {
    env: optional(
      Type.Record(Type.String(), Type.String(), {
        description:
          'environment variables for the run: names and texts; only names that the workflow declares where it declares any',
      }),
    ),
    input: optional(
      Type.Unknown({
        description: 'the input of the workflow; without it the whole body but `env` is the input',
      }),
    ),
  },
  {
    title: 'RunBody',
    additionalProperties: true,
    description:
      'A JSON object of at most 1,048,576 bytes, 64 levels and 10,000 members, whatever the content type says. An empty body is `{}`.',
  },
);
export type RunBody = Static<typeof RunBodySchema>;

export const RunQuerySchema = Type.Object({
  wait: optional(
    Type.Number({
      minimum: 0,
      description: `seconds to wait for the result, ${WAIT_SECONDS_MAX} at most; \`Prefer: wait=20\` says the same`,
    }),
  ),
});

export const AcceptedSchema = Type.Object(
  {
    run_id: Type.String(),
    status: Type.Literal('accepted'),
    task_ref: Type.String(),
    status_url: Type.String(),
    events_url: Type.String(),
  },
  { title: 'Accepted' },
);
export type Accepted = Static<typeof AcceptedSchema>;

/** Answer to a synchronous wait: 200 when the run completed, 422 when it ended in any other way. */
export const RunResultSchema = Type.Object(
  {
    run_id: Type.String(),
    status: RunStateSchema,
    output: optional(Type.Unknown()),
    exit_code: optional(Type.Integer()),
    error: optional(RunErrorSchema),
    code: optional(Type.String({ description: 'with 422: `run.failed`, `run.cancelled`, `run.timed_out`' })),
    trace_id: optional(Type.String()),
  },
  { title: 'RunResult' },
);
export type RunResult = Static<typeof RunResultSchema>;

export const StatusSchema = Type.Object(
  {
    run_id: Type.String(),
    status: DialectStatusSchema,
    exit_code: optional(Type.Integer()),
    steps: optional(Type.Integer({ description: 'number of steps that ran' })),
    started: optional(time('when the first attempt began')),
    ended: optional(time('when the run ended')),
    error: optional(Type.String()),
    workflow: Type.String(),
    state: RunStateSchema,
    queued: time('when the request was recorded'),
    attempt: Type.Integer({ minimum: 0, description: '0 before the first dispatch' }),
    progress: optional(ProgressSchema),
    output: optional(Type.Unknown()),
    trace_id: optional(Type.String()),
  },
  { title: 'Status' },
);
export type Status = Static<typeof StatusSchema>;

// ---- runs

export const RunSchema = Type.Object(
  {
    run_id: Type.String(),
    workflow: Type.String(),
    version: Type.String(),
    status: RunStateSchema,
    attempt: Type.Integer({ minimum: 0 }),
    queued_at: time('when the request was recorded'),
    started_at: optional(time('when the current attempt began')),
    ended_at: optional(time('when the run ended')),
    exit_code: optional(Type.Integer()),
    progress: optional(ProgressSchema),
    error: optional(RunErrorSchema),
    requested_by: Type.String(),
    dialect: Type.String(),
    rerun_of: optional(Type.String()),
    trace_id: optional(Type.String()),
  },
  { title: 'Run' },
);
export type RunView = Static<typeof RunSchema>;

export const RunDetailSchema = Type.Object(
  { ...RunSchema.properties, input: Type.Unknown(), output: optional(Type.Unknown()) },
  { title: 'RunDetail' },
);
export type RunDetail = Static<typeof RunDetailSchema>;

export const RunListQuerySchema = Type.Object({
  workflow: optional(Type.String({ pattern: WORKFLOW_PATH_PATTERN })),
  status: optional(RunStateSchema),
  since: optional(time('queued at or after')),
  until: optional(time('queued before')),
  cursor: optional(Type.String({ maxLength: 512 })),
  limit: optional(Type.Integer({ minimum: 1, maximum: PAGE_LIMIT_MAX, default: PAGE_LIMIT_DEFAULT })),
});
export const RunListSchema = Type.Object(
  { runs: Type.Array(RunSchema), next_cursor: optional(Type.String({ description: 'absent on the last page' })) },
  { title: 'RunList' },
);

export const RunParamsSchema = Type.Object({ id: Type.String({ description: 'run id' }) });

/** Body of a cancel. */
export const CancelBodySchema = Type.Object(
  { reason: optional(Type.String({ maxLength: 500 })) },
  { title: 'CancelBody' },
);
export const CancelAcceptedSchema = Type.Object(
  { run_id: Type.String(), status: Type.Literal('cancelling'), status_url: Type.String() },
  { title: 'CancelAccepted' },
);

export const RerunQuerySchema = Type.Object({
  version: optional(
    Type.Union([Type.Literal('latest'), Type.Literal('same')], {
      default: 'latest',
      description: 'run what is in service now, or what ran before',
    }),
  ),
});

// ---- output and events of a run

export const LogLineSchema = Type.Object({
  attempt: Type.Integer(),
  stream: Type.Union([Type.Literal('stdout'), Type.Literal('stderr'), Type.Literal('log')]),
  time: Type.String(),
  text: Type.String(),
});
export const LogsQuerySchema = Type.Object({
  after: optional(
    Type.String({ maxLength: 64, description: 'cursor: the header `Millrace-Next-After` of the page before' }),
  ),
});
export const LogsSchema = Type.Object(
  { lines: Type.Array(LogLineSchema), next_after: optional(Type.String()) },
  { title: 'Logs' },
);

/** `event: progress` of `/runs/{id}/events`. */
export const ProgressMessageSchema = Type.Object({
  type: Type.Literal('progress'),
  attempt: Type.Integer(),
  ...ProgressSchema.properties,
});
/** `event: log`. */
export const LogMessageSchema = Type.Object({ type: Type.Literal('log'), ...LogLineSchema.properties });
/** `event: state`; `cancel_requested` and `attempt_lost` may stand beside the states of a run. */
export const StateMessageSchema = Type.Object({
  type: Type.Literal('state'),
  state: Type.String(),
  attempt: Type.Integer(),
  time: Type.String(),
});
/** `event: complete`, the last one: the result. */
export const CompleteMessageSchema = Type.Object({
  type: Type.Literal('complete'),
  time: Type.String(),
  attempt: Type.Integer(),
  ...RunResultSchema.properties,
});
export type LiveMessage =
  | Static<typeof ProgressMessageSchema>
  | Static<typeof LogMessageSchema>
  | Static<typeof StateMessageSchema>
  | Static<typeof CompleteMessageSchema>;

// ---- workflows

export const WorkflowSchema = Type.Object(
  {
    path: Type.String(),
    description: Type.String(),
    kind: optional(WorkflowKindSchema),
    version: optional(Type.String({ description: 'what is in service; absent while no deploy has succeeded' })),
    file: optional(Type.String()),
    methods: Type.Array(Type.String()),
    env: optional(Type.Array(Type.String(), { description: 'variables that a caller may set; absent: any safe name' })),
    input_schema: optional(Type.Unknown()),
    timeout_ms: optional(Type.Integer()),
    concurrency: optional(Type.Integer()),
    deployed_at: optional(Type.String()),
    problem: optional(DeployProblemSchema),
  },
  { title: 'Workflow' },
);
export type WorkflowView = Static<typeof WorkflowSchema>;
export const WorkflowListSchema = Type.Object({ workflows: Type.Array(WorkflowSchema) }, { title: 'WorkflowList' });

// ---- tokens

/** `admin`, `read`, `run`, `run:<path>` or `run:<pattern with *>`. */
export const SCOPE_PATTERN = '^(admin|read|run|run:[A-Za-z0-9_*/-]{1,200})$';

export const TokenCreateSchema = Type.Object(
  {
    label: optional(Type.String({ maxLength: 200 })),
    scopes: Type.Array(Type.String({ pattern: SCOPE_PATTERN }), { minItems: 1, maxItems: 100 }),
    expires_in: optional(Type.String({ maxLength: 20, description: 'such as `12h` or `30d`' })),
    expires_at: optional(time('instead of `expires_in`')),
  },
  { title: 'TokenCreate', additionalProperties: false },
);

export const TokenSchema = Type.Object(
  {
    id: Type.String(),
    label: Type.String(),
    scopes: Type.Array(Type.String()),
    created_at: Type.String(),
    expires_at: optional(Type.String()),
  },
  { title: 'Token' },
);
export type TokenView = Static<typeof TokenSchema>;
export const TokenCreatedSchema = Type.Object(
  { ...TokenSchema.properties, token: Type.String({ description: 'shown this once' }) },
  { title: 'TokenCreated' },
);
export const TokenListSchema = Type.Object({ tokens: Type.Array(TokenSchema) }, { title: 'TokenList' });
