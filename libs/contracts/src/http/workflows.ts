import { type Static, Type } from 'typebox';
import { WorkflowKindSchema } from '../run-events.ts';
import { DeployProblemSchema } from '../workflows.ts';
import { optional } from './fields.ts';

/** What a workflow says about its place in the queue; absent members say nothing. Durations are in milliseconds. */
export const WorkflowLimitsSchema = Type.Object(
  {
    concurrency: optional(Type.Integer({ description: 'runs at the same time' })),
    key_concurrency: optional(Type.Integer({ description: 'runs of one concurrency key at the same time' })),
    concurrency_key: optional(Type.String({ description: 'a CEL expression over the input' })),
    on_limit: optional(Type.String()),
    queue_limit: optional(Type.Integer({ description: 'runs that may wait' })),
    priority: optional(Type.Integer()),
    pool: optional(Type.String({ description: 'executors that may run it; absent: the default pool' })),
    rate: optional(Type.Object({ limit: Type.Integer(), period_ms: Type.Integer() })),
    debounce: optional(
      Type.Object({ period_ms: Type.Integer(), max_wait_ms: Type.Integer(), key: optional(Type.String()) }),
    ),
  },
  { title: 'WorkflowLimits' },
);
export type WorkflowLimitsView = Static<typeof WorkflowLimitsSchema>;

export const WorkflowSchema = Type.Object(
  {
    path: Type.String(),
    description: Type.String(),
    kind: optional(WorkflowKindSchema),
    version: optional(Type.String({ description: 'what is in service; absent while no deploy has succeeded' })),
    file: optional(Type.String()),
    methods: Type.Array(Type.String()),
    env: optional(Type.Array(Type.String(), { description: 'variables that a caller may set; absent: any safe name' })),
    secrets: optional(
      Type.Array(Type.String(), { description: 'names of the secrets that its runs get; absent: none' }),
    ),
    input_schema: optional(Type.Unknown()),
    timeout_ms: optional(Type.Integer()),
    limits: optional(WorkflowLimitsSchema),
    deployed_at: optional(Type.String()),
    problem: optional(DeployProblemSchema),
  },
  { title: 'Workflow' },
);
export type WorkflowView = Static<typeof WorkflowSchema>;
export const WorkflowListSchema = Type.Object({ workflows: Type.Array(WorkflowSchema) }, { title: 'WorkflowList' });
