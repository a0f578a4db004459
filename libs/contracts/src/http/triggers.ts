import { type Static, Type } from 'typebox';
import { TriggerAuthSchema, TriggerModeSchema } from '../triggers.ts';
import { optional, time } from './fields.ts';

/** A declared trigger, without anything that would let its reader use it. */
export const TriggerViewSchema = Type.Object(
  {
    workflow: Type.String(),
    id: Type.String(),
    dialect: Type.String(),
    address: Type.Record(Type.String(), Type.Unknown(), { description: 'as the dialect has it' }),
    methods: Type.Array(Type.String()),
    auth: Type.Union([TriggerAuthSchema, Type.Literal('none', { description: 'a schedule: no request starts it' })]),
    mode: TriggerModeSchema,
    state: Type.Enum(['enabled', 'disabled', 'stopped']),
    reason: optional(Type.String({ description: 'why; absent: as its workflow declares it' })),
    since: optional(Type.String({ description: 'of the state; absent: as its workflow declares it' })),
    preset: optional(Type.String({ description: 'of the signature' })),
    rule: optional(
      Type.Record(Type.String(), Type.Unknown(), {
        description:
          'what the signature has beside its preset, such as `header` and `template`; absent: nothing. No secret is in it',
      }),
    ),
    secrets: Type.Array(Type.String(), { description: 'names of the secrets that it needs' }),
    missing_secrets: Type.Array(Type.String(), { description: 'those of them that nobody has set' }),
    next_at: optional(time('of a schedule: when it is due next; absent while it is not enabled')),
    short_key: Type.Boolean({ description: 'true: a key is so short that it can be guessed' }),
  },
  { title: 'Trigger' },
);
export type TriggerView = Static<typeof TriggerViewSchema>;
export const TriggerListSchema = Type.Object({ triggers: Type.Array(TriggerViewSchema) }, { title: 'TriggerList' });

/** What examples of calls have in the place of a token that may run the workflow: a variable of the shell. */
export const TOKEN_PLACEHOLDER = '$MILLRACE_TOKEN';
/** What they have in the place of a key of the trigger, whatever its dialect. */
export const KEY_PLACEHOLDER = '$MILLRACE_KEY';

/** A call that starts a workflow; credentials are names of shell variables. */
export const ExampleCallSchema = Type.Object(
  {
    dialect: Type.String(),
    trigger: optional(Type.String({ description: 'id of the declared trigger that it is for' })),
    title: Type.String(),
    method: Type.String(),
    path: Type.String({ description: `\`${KEY_PLACEHOLDER}\` stands for a key of the trigger` }),
    headers: Type.Record(Type.String(), Type.String(), {
      description: `\`${TOKEN_PLACEHOLDER}\` stands for a token, \`${KEY_PLACEHOLDER}\` for a key of the trigger`,
    }),
    body: optional(Type.String()),
  },
  { title: 'ExampleCall' },
);
export type ExampleCallView = Static<typeof ExampleCallSchema>;

export const WorkflowTriggersSchema = Type.Object(
  {
    workflow: Type.String(),
    triggers: Type.Array(TriggerViewSchema),
    calls: Type.Array(ExampleCallSchema, { description: 'by every dialect, those without a declaration too' }),
  },
  { title: 'WorkflowTriggers' },
);
export type WorkflowTriggersView = Static<typeof WorkflowTriggersSchema>;
