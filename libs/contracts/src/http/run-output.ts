import { type Static, Type } from 'typebox';
import { optional } from './fields.ts';
import { ProgressSchema } from './run-state.ts';
import { RunResultSchema } from './start-run.ts';

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
/** `event: responded`: the run answered its caller, and goes on. */
export const RespondedMessageSchema = Type.Object({
  type: Type.Literal('responded'),
  attempt: Type.Integer(),
  time: Type.String(),
  response: Type.Unknown(),
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
  | Static<typeof RespondedMessageSchema>
  | Static<typeof CompleteMessageSchema>;
