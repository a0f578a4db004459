import { type Static, Type } from 'typebox';
import { RunErrorSchema } from '../run-events.ts';
import { WORKFLOW_PATH_PATTERN } from '../workflows.ts';
import { optional, time } from './fields.ts';
import { PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX } from './limits.ts';
import { ProgressSchema, RunStateSchema } from './run-state.ts';

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
    not_before: optional(time('when a delayed run may start; while it waits for that')),
    retry_at: optional(time('when the next attempt may begin; while the run waits for that')),
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
  {
    ...RunSchema.properties,
    input: Type.Unknown(),
    output: optional(Type.Unknown()),
    deleted: optional(
      Type.Literal(true, { description: 'the run was deleted after its use: what it got and said is `##DELETED##`' }),
    ),
  },
  { title: 'RunDetail' },
);
export type RunDetail = Static<typeof RunDetailSchema>;

export const RunListQuerySchema = Type.Object({
  workflow: optional(
    Type.String({ pattern: WORKFLOW_PATH_PATTERN, description: 'the path of a workflow, such as backup/db-full' }),
  ),
  status: optional(RunStateSchema),
  since: optional(time('queued at or after')),
  until: optional(time('queued before')),
  cursor: optional(Type.String({ maxLength: 512 })),
  limit: optional(Type.Integer({ minimum: 1, maximum: PAGE_LIMIT_MAX, default: PAGE_LIMIT_DEFAULT })),
});
export const RunListSchema = Type.Object(
  {
    runs: Type.Array(RunSchema),
    next_cursor: optional(Type.String({ description: 'absent on the last page' })),
    behind: optional(
      Type.Literal(true, { description: 'runs that were just accepted may be missing, states may be old' }),
    ),
  },
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
