import { type Static, Type } from 'typebox';
import { optional, time } from './fields.ts';
import { DialectStatusSchema, ProgressSchema, RunStateSchema } from './run-state.ts';

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
    not_before: optional(time('when a delayed run may start; while it waits for that')),
    retry_at: optional(time('when the next attempt may begin; while the run waits for that')),
    progress: optional(ProgressSchema),
    output: optional(Type.Unknown()),
    trace_id: optional(Type.String()),
  },
  { title: 'Status' },
);
export type Status = Static<typeof StatusSchema>;
