import { type Static, Type } from 'typebox';
import { WorkflowKindSchema } from '../run-events.ts';
import { DeployProblemSchema } from '../workflows.ts';
import { optional } from './fields.ts';

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
    concurrency: optional(Type.Integer()),
    deployed_at: optional(Type.String()),
    problem: optional(DeployProblemSchema),
  },
  { title: 'Workflow' },
);
export type WorkflowView = Static<typeof WorkflowSchema>;
export const WorkflowListSchema = Type.Object({ workflows: Type.Array(WorkflowSchema) }, { title: 'WorkflowList' });
