import { type TriggerDefinition } from './trigger-definition.ts';

/** A JSON Schema (2020-12) of an object, as plain data. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** `250ms`, `20s`, `15m`, `2h`, `7d`, or a number of seconds. */
export type Duration = number | `${number}${'' | 'ms' | 's' | 'm' | 'h' | 'd'}`;

export interface RetryPolicy {
  /** Further attempts after one whose handler threw. Default 0. */
  readonly failed?: number;
  /** Further attempts after one that was lost with its executor: a crash, a power cut. Default: the server's. */
  readonly lost?: number;
}

/**
 * What the server knows about a workflow before it runs. Everything is optional, everything is plain data:
 * it is read once at deploy and copied into every request.
 */
export interface WorkflowDefinition {
  /** One line for people: shown by `millrace tasks` and `GET /workflows`. */
  readonly description?: string;
  /** JSON Schema that every input must fit; other inputs are answered 400 and never become a run. */
  readonly input?: JsonSchema;
  /** Names of the environment variables that a caller may set; they arrive in `ctx.env`. Absent: any safe name. */
  readonly env?: readonly string[];
  /**
   * Names of the secrets that `ctx.secrets` gives; a run fails with `secret_missing` when one is not set. No caller can
   * set a variable of such a name.
   */
  readonly secrets?: readonly string[];
  /** Longest time of one attempt; then `ctx.signal` aborts and the run ends as `timed_out`. Default: the server's. */
  readonly timeout?: Duration;
  /** How many runs of this workflow may be active at the same time. Absent: only the server's own limit. */
  readonly concurrency?: number;
  /** At the limit a request waits in line (`queue`) or is answered 429 (`reject`). Default: the server's `on_limit`. */
  readonly onLimit?: 'queue' | 'reject';
  readonly retries?: RetryPolicy;
  /** True: once a run is over and its result was returned, its input, environment, output and logs are deleted for good. Default false. */
  readonly deleteAfterUse?: boolean;
  /** HTTP methods that start it, upper case. Default `['POST']`. */
  readonly methods?: readonly string[];
  /** Further ways to start it over HTTP, besides those that every workflow has. */
  readonly triggers?: readonly TriggerDefinition[];
}
