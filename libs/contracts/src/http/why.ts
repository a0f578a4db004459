import { type Static, Type } from 'typebox';
import { optional, time } from './fields.ts';

const REASONS = [
  'concurrency_key',
  'concurrency',
  'rate',
  'max_concurrent_runs',
  'executors_full',
  'no_executor',
  'turn',
  'debounce',
  'not_before',
  'retry',
  'running',
  'cancelling',
  'ending',
  'over',
] as const;

/** Why a run waits, or that it does not. */
export const RunWhySchema = Type.Object(
  {
    run_id: Type.String(),
    workflow: Type.String(),
    line: Type.String({ description: 'all of it, for people' }),
    reason: Type.Enum([...REASONS], { description: 'the first thing that keeps it from starting' }),
    limit: optional(Type.Integer()),
    running: optional(Type.Integer({ description: 'runs that count against the limit now' })),
    before: optional(
      Type.Integer({
        description: 'runs that wait before it in its own line: its key, or its workflow; at most 10,000 are counted',
      }),
    ),
    holder: optional(Type.String({ description: 'a run that has the slot it waits for' })),
    key: optional(Type.String({ description: 'its concurrency key' })),
    pool: optional(Type.String({ description: 'the executors that it needs, where that is not the default pool' })),
    period_ms: optional(Type.Integer()),
    until: optional(time('what it waits for comes at this time, or later')),
    executor: optional(Type.String({ description: 'who runs it' })),
  },
  { title: 'RunWhy' },
);
export type RunWhy = Static<typeof RunWhySchema>;

/** What the leader answers to whoever asks: {@link RunWhy}, or that it knows of no such open run. JSON. */
export const WhyAnswerSchema = Type.Union([RunWhySchema, Type.Object({ unknown: Type.Literal(true) })]);
