import { type ScheduleDefinition } from './schedule-definition.ts';
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
  /** Pauses before attempts that follow one that failed. Absent: none. */
  readonly backoff?: BackoffDefinition;
}

export interface ConcurrencyDefinition {
  /** Runs of one key at the same time; without `key`, of the workflow. */
  readonly limit: number;
  /** A CEL expression over `input`, such as `input.customer`. Runs of one key start in the order of their requests. */
  readonly key?: string;
  /** Runs of all keys at the same time. Absent: only the server's own limit. */
  readonly total?: number;
}

/** A run waits for later ones of its key, and only the last one starts. The earlier ones end as `rejected`, with the code `debounced`. */
export interface DebounceDefinition {
  /** How long after the latest request. */
  readonly period: Duration;
  /** A CEL expression over `input`. Default: the key of `concurrency`, or one for all runs. */
  readonly key?: string;
  /** Longest wait after the first request. Default: ten periods. */
  readonly maxWait?: Duration;
}

/** The first pause is `first`, each further one `factor` times as long, and none is longer than `max`. */
export interface BackoffDefinition {
  /** Default 1s. */
  readonly first?: Duration;
  /** Default 2. */
  readonly factor?: number;
  /** Default 5m; one day at most. */
  readonly max?: Duration;
  /** Share of each pause that chance may take away, 0 to 1, so that runs that failed together do not come again together. Default 0.2. */
  readonly jitter?: number;
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
  /** How many runs of this workflow, or of one key, may be active at the same time. Absent: only the server's own limit. */
  readonly concurrency?: number | ConcurrencyDefinition;
  /**
   * At the limit a request waits in line (`queue`), is answered 429 (`reject`), ends the oldest run that is there (`cancel_previous`), or
   * ends at once itself (`skip`). Default: the server's `on_limit`.
   */
  readonly onLimit?: 'queue' | 'reject' | 'cancel_previous' | 'skip';
  /** How many runs of this workflow may wait; further requests are answered 429. Absent: only the server's limit. */
  readonly queueLimit?: number;
  /** Name of the executors that may run it, such as those with a graphics card. Default: `default`, the executors that name no pool. */
  readonly pool?: string;
  /** More is sooner: -10 to 10, default 0. */
  readonly priority?: number;
  /** Starts in any period. Absent: as many as there are. */
  readonly rate?: { readonly limit: number; readonly period: Duration };
  readonly debounce?: DebounceDefinition;
  readonly retries?: RetryPolicy;
  /** True: once a run is over and its result was returned, its input, environment, output and logs are deleted for good. Default false. */
  readonly deleteAfterUse?: boolean;
  /** HTTP methods that start it, upper case. Default `['POST']`. */
  readonly methods?: readonly string[];
  /** Further ways to start it: over HTTP, besides those that every workflow has, and by the clock. */
  readonly triggers?: readonly (TriggerDefinition | ScheduleDefinition)[];
}
