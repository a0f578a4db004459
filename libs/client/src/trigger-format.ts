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
