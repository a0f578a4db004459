import { type ConditionScope } from '../condition-scope.ts';
import { type Meter } from '../meter.ts';
import { type PebbleValue } from './pebble-value.ts';

export interface PebbleContext {
  readonly scope: ConditionScope;
  readonly meter: Meter;
}

/** A part of a template, ready to be evaluated. */
export interface PebbleNode {
  readonly evaluate: (context: PebbleContext) => PebbleValue;
  /** Of a variable and its members, as it is written: for messages, and because names of headers have no case. */
  readonly path?: string;
}
