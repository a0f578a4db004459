/**
 * What the server says over HTTP. The same shapes as the schemas behind `/openapi.json`; this package declares its own because
 * it depends on nothing. Members the server may add later are not an error.
 */

/** Where a run is. The last five are terminal. */
export type RunState =
  'waiting' | 'dispatched' | 'running' | 'completed' | 'failed' | 'cancelled' | 'timed_out' | 'rejected';

export interface RunError {
  /** Stable: `exit_code`, `timeout`, `exception`, `executor_lost`, … */
  readonly code: string;
  readonly message: string;
  readonly stack?: string;
}

export interface Progress {
  /** 0 to 100. */
  readonly percent: number;
  readonly message?: string;
}

/** A run was recorded and will end in exactly one terminal state. */
export interface Accepted {
  readonly run_id: string;
  readonly status: 'accepted';
  readonly task_ref: string;
  readonly status_url: string;
  readonly events_url: string;
}

/** How a run ended. */
export interface RunResult {
  readonly run_id: string;
  readonly status: RunState;
  readonly output?: unknown;
  readonly exit_code?: number;
  readonly error?: RunError;
  readonly trace_id?: string;
}

/** The short status, in the words of the serve dialect; `state` is exact. */
export interface RunStatus {
  readonly run_id: string;
  readonly status: 'running' | 'completed' | 'failed';
  readonly state: RunState;
  readonly workflow: string;
  readonly queued: string;
  readonly started?: string;
  readonly ended?: string;
  /** 0 before the first dispatch. */
  readonly attempt: number;
  /** When a delayed run may start, while it waits for that. */
  readonly not_before?: string;
  /** When the next attempt may begin, while the run waits for that. */
  readonly retry_at?: string;
  readonly exit_code?: number;
  readonly steps?: number;
  readonly error?: string;
  readonly progress?: Progress;
  readonly output?: unknown;
  readonly trace_id?: string;
}

export interface Run {
  readonly run_id: string;
  readonly workflow: string;
  readonly version: string;
  readonly status: RunState;
  readonly attempt: number;
  readonly queued_at: string;
  /** When a delayed run may start, while it waits for that. */
  readonly not_before?: string;
  /** When the next attempt may begin, while the run waits for that. */
  readonly retry_at?: string;
  readonly started_at?: string;
  readonly ended_at?: string;
  readonly exit_code?: number;
  readonly progress?: Progress;
  readonly error?: RunError;
  readonly requested_by: string;
  readonly dialect: string;
  readonly rerun_of?: string;
  readonly trace_id?: string;
}

export interface RunDetail extends Run {
  readonly input: unknown;
  readonly output?: unknown;
}

/** Why a run waits, or that it does not. */
export interface RunWhy {
  readonly run_id: string;
  readonly workflow: string;
  /** All of it, for people. */
  readonly line: string;
  /** `concurrency_key`, `concurrency`, `rate`, `max_concurrent_runs`, `executors_full`, `no_executor`, `turn`, `debounce`, `not_before`, `retry`, `running`, `cancelling`, `ending`, `over`. */
  readonly reason: string;
  readonly limit?: number;
  /** Runs that count against the limit now. */
  readonly running?: number;
  /** Runs that wait before it in its own line; at most 10,000 are counted. */
  readonly before?: number;
  /** A run that has the slot it waits for. */
  readonly holder?: string;
  readonly key?: string;
  readonly period_ms?: number;
  readonly until?: string;
  readonly executor?: string;
}

/** One page of runs, the newest first. */
export interface RunPage {
  readonly runs: readonly Run[];
  /** Absent on the last page. */
  readonly next_cursor?: string;
  /** Runs that were just accepted may be missing. */
  readonly behind?: true;
}

export interface LogLine {
  readonly attempt: number;
  readonly stream: 'stdout' | 'stderr' | 'log';
  readonly time: string;
  readonly text: string;
}

export interface LogPage {
  readonly lines: readonly LogLine[];
  /** Absent when there is no more for now. */
  readonly next_after?: string;
}

/** What a live run says. `complete` is the last. */
export type RunMessage =
  | ({ readonly type: 'progress'; readonly attempt: number } & Progress)
  | ({ readonly type: 'log' } & LogLine)
  | { readonly type: 'state'; readonly state: string; readonly attempt: number; readonly time: string }
  /** The run answered its caller, and goes on. */
  | { readonly type: 'responded'; readonly attempt: number; readonly time: string; readonly response: unknown }
  | ({ readonly type: 'complete'; readonly time: string; readonly attempt: number } & RunResult);

export interface WorkflowProblem {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  readonly reason: string;
  readonly at: string;
}

export interface Workflow {
  readonly path: string;
  readonly description: string;
  readonly kind?: 'script' | 'workflow';
  /** Absent while no deploy has succeeded. */
  readonly version?: string;
  readonly file?: string;
  readonly methods: readonly string[];
  /** Variables that a caller may set; absent: any safe name. */
  readonly env?: readonly string[];
  readonly input_schema?: unknown;
  readonly timeout_ms?: number;
  readonly concurrency?: number;
  readonly deployed_at?: string;
  /** Why the last deploy was refused; what was in service before stays. */
  readonly problem?: WorkflowProblem;
}

export interface Token {
  readonly id: string;
  readonly label: string;
  /** `admin`, `read`, `run`, `run:<path or pattern with *>`. */
  readonly scopes: readonly string[];
  readonly created_at: string;
  readonly expires_at?: string;
}

/** A new token; the only time that its text is shown. */
export interface CreatedToken extends Token {
  readonly token: string;
}

/** A secret as it may be seen: never a value. */
export interface Secret {
  readonly name: string;
  /** The newest first. */
  readonly values: readonly {
    readonly created_at: string;
    readonly key_id: string;
    /** Tells equal values apart from others; absent: no key of the server opens it. */
    readonly fingerprint?: string;
  }[];
  /** Patterns of the workflows that may read it; absent: all. */
  readonly workflows?: readonly string[];
  readonly created_at: string;
  readonly updated_at: string;
}

/** What shall become of a secret: a new value, or `retire`. */
export interface SecretChange {
  readonly value?: string;
  /** The values before stay valid beside the new one. */
  readonly add?: boolean;
  /** Only the newest value stays. */
  readonly retire?: boolean;
  /** Empty: all; absent: as before. */
  readonly workflows?: readonly string[];
}

export interface Health {
  /** `ok`, or `degraded` while something is away that requests can do without. */
  readonly status: string;
  /** `strict`: acknowledged means on disk. `relaxed`: a power cut may lose the last moments. */
  readonly durability?: string;
  readonly dependencies?: Readonly<Record<string, { readonly ok: boolean; readonly detail?: string }>>;
}
