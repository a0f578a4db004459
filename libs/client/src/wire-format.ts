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

/** A receiver that the server tells what happens. */
export interface Webhook {
  readonly id: string;
  /** Without its query. */
  readonly url: string;
  readonly description: string;
  readonly events: readonly string[];
  readonly format: 'millrace' | 'windmill';
  readonly created_at: string;
  readonly enabled: boolean;
  readonly disabled_reason?: string;
}

/** A new receiver; the only time that its signing secret is shown. */
export interface CreatedWebhook extends Webhook {
  readonly secret: string;
}

/** A message to a receiver. */
export interface WebhookDelivery {
  /** The header `webhook-id`. */
  readonly id: string;
  readonly event: string;
  readonly subject: string;
  readonly state: 'delivered' | 'waiting' | 'failed';
  readonly next_attempt_at?: string;
  /** The newest last. */
  readonly attempts: readonly {
    readonly attempt: number;
    readonly at: string;
    readonly duration_ms: number;
    readonly status?: number;
    readonly error?: string;
    readonly response?: string;
  }[];
}

/** A declared trigger of a workflow. */
export interface Trigger {
  readonly workflow: string;
  /** Unique in its workflow. */
  readonly id: string;
  readonly dialect: string;
  /** As the dialect has it. */
  readonly address: Readonly<Record<string, unknown>>;
  readonly methods: readonly string[];
  /** `none`: a schedule, which no request calls. */
  readonly auth: 'token' | 'workflow_key' | 'path_key' | 'signature' | 'public' | 'none';
  readonly mode: 'async' | 'sync' | 'stream';
  /** `stopped`: by its `stop_after`. */
  readonly state: 'enabled' | 'disabled' | 'stopped';
  /** Why it is as it is, and since when; absent: as its workflow declares it. */
  readonly reason?: string;
  readonly since?: string;
  /** Of the signature. */
  readonly preset?: string;
  /** What the signature has beside its preset, such as `header` and `template`; absent: nothing. */
  readonly rule?: Readonly<Record<string, unknown>>;
  /** Names of the secrets that it needs; those of its signature first. */
  readonly secrets: readonly string[];
  /** Those of them that nobody has set. */
  readonly missing_secrets: readonly string[];
  /** Of a schedule: when it is due next; absent while it is not enabled. */
  readonly next_at?: string;
  /** True: a key is so short that it can be guessed. */
  readonly short_key: boolean;
}

/** A call that starts a workflow. Credentials in it are variables of the shell: `$MILLRACE_TOKEN`, and `$MILLRACE_KEY` for a key of the trigger. */
export interface ExampleCall {
  readonly dialect: string;
  /** Id of the declared trigger that it is for. */
  readonly trigger?: string;
  readonly title: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface WorkflowTriggers {
  readonly workflow: string;
  readonly triggers: readonly Trigger[];
  readonly calls: readonly ExampleCall[];
}
