import { type Static, Type } from 'typebox';
import { RunErrorSchema } from '../run-events.ts';
import { optional } from './fields.ts';
import { WAIT_SECONDS_MAX } from './limits.ts';
import { RunStateSchema } from './run-state.ts';

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
  priority: optional(
    Type.Integer({
      minimum: -10,
      maximum: 10,
      description: 'more is sooner; more than the workflow has takes a token with the scope `priority` or `admin`',
    }),
  ),
  not_before: optional(
    Type.String({
      description:
        'the run starts no earlier: a duration such as `30s`, `15m` or `2h`, or an instant such as `2026-12-24T03:00:00Z`; at most six ' +
        'sevenths of the time that the log keeps (6 days by default)',
    }),
  ),
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
