import { type Static, Type } from 'typebox';
import { optional } from './fields.ts';

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
