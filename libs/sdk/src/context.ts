/** Values that become searchable attributes of a log line; must survive `JSON.stringify`. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes lines to the output of this run: `millrace logs`, `GET /runs/{id}/logs`, the event stream. */
export interface WorkflowLog {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Which run this is. */
export interface RunInfo {
  /** UUIDv7 of the run; the same for every attempt, so a good idempotency key for calls to others. */
  readonly id: string;
  /** Path of the workflow, `<folder>/<name>`. */
  readonly workflow: string;
  /** Content hash of the version that runs; a later deploy does not change a run in flight. */
  readonly version: string;
  /** From 1. Greater than 1 means that an earlier attempt failed or was lost, perhaps after it had effects. */
  readonly attempt: number;
  /** W3C trace context of this attempt: send it as the header `traceparent` to continue the trace. */
  readonly traceparent: string;
}

/** How the run was asked for. */
export interface TriggerInfo {
  /** Of the trigger, as the workflow declares it; those that every workflow has are named for their protocol. */
  readonly id: string;
  readonly method: string;
  /** As it was called, without query. */
  readonly path: string;
  /** What showed that the caller may: `token`, `key`, `signature:github`, `public`, … */
  readonly verified: string;
  /** Id by which the sender names this delivery. */
  readonly delivery?: string;
  /** Address of the caller. */
  readonly from?: string;
}

/** Secrets that the definition declares. Their values are replaced by `***` in everything that a run records. */
export interface WorkflowSecrets {
  /** The newest value. @throws Error when the definition does not declare the name in `secrets` */
  get(name: string): string;
  /** All values that are valid now, the newest first: more than one while one replaces another. @throws Error as `get` */
  all(name: string): readonly string[];
}

/** What a handler is given. Valid until the handler settles; writes after that go nowhere. */
export interface WorkflowContext<Input = Record<string, unknown>> {
  /** The caller's input; fits the definition's schema when it has one. `{}` when the caller gave none. */
  readonly input: Input;
  readonly run: RunInfo;
  /**
   * The environment that the caller set for this run, and nothing else. Runs share a process, so the values
   * are here and not in `process.env`.
   */
  readonly env: Readonly<Record<string, string>>;
  /** How the run was asked for; `undefined` when it was by nothing that is a trigger, such as a rerun. */
  readonly trigger: TriggerInfo | undefined;
  /** Attributes of the CloudEvent that asked for the run (its data is the input); `undefined` for any other request. */
  readonly cloudEvent: Readonly<Record<string, unknown>> | undefined;
  /** The secrets that the definition declares, as they were when the attempt began. */
  readonly secrets: WorkflowSecrets;
  /** Lines for the output of this run. `console.*` inside the handler goes there as well. */
  readonly log: WorkflowLog;
  /**
   * Says how far the run is. Cheap: at most ten reports a second are recorded, the last one always.
   *
   * @param percent 0 to 100; what is outside is brought to the nearer end.
   */
  readonly progress: (percent: number, message?: string) => void;
  /**
   * Answers a caller that waits for the result, now; the run goes on, and what it returns is its output as ever. Of several calls
   * the first counts. JSON of at most 1 MiB; nothing is answered as `null`. Cheap when nobody waits, and recorded all the same.
   *
   * @throws Error when the value is no JSON or too large
   */
  readonly respond: (value?: unknown) => void;
  /**
   * Aborts when the run is cancelled or its time is up; `reason` is an `Error` whose `name` is `CancelledError` or
   * `TimeoutError`. Hand it to `fetch`, timers and streams: a handler that has not settled a few seconds later is ended.
   */
  readonly signal: AbortSignal;
}
