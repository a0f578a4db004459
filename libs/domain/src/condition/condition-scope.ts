import { type Budget } from './budget.ts';

/**
 * What an expression sees of one request. All of it is data: nothing in here is ever evaluated.
 * Objects are plain JSON values.
 */
export interface ConditionScope {
  /** The parsed body; a text when it is not JSON, `null` when there is none. */
  readonly body: unknown;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** What the dialect shows of the trigger; Kestra's has `body`, `headers` and `parameters`, a list per name in the last two. */
  readonly trigger: Readonly<Record<string, unknown>>;
  /** Parameters of the address. */
  readonly params?: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch, for conditions about the time; without it those fail. */
  readonly now?: number;
  /** What all expressions of the request may cost together; without it each evaluation may cost that much. */
  readonly budget?: Budget;
}

export interface CompiledExpression {
  readonly source: string;
  /**
   * A JSON value.
   *
   * @throws AppError `invalid` `condition.failed`: a missing field, a wrong type, or over a limit. The message has no payload values.
   */
  evaluate(scope: ConditionScope): unknown;
}

export interface Matched {
  readonly matched: boolean;
  /** Why not: that the condition is false, or how it failed. Without payload values. */
  readonly reason?: string;
}

export interface CompiledCondition {
  readonly source: string;
  /** Never throws: a condition that fails does not match. */
  matches(scope: ConditionScope): Matched;
}
