/** What the executor says to a spawner: JSON lines on its stdin. */
export type ToSpawner =
  | StartScript
  /** To the whole process group of a script. Unknown ids are ignored: it may have ended meanwhile. */
  | { readonly type: 'signal'; readonly id: string; readonly signal: 'SIGTERM' | 'SIGKILL' }
  /** The executor's lease: without another within so many milliseconds the spawner kills everything of the owner. */
  | { readonly type: 'lease'; readonly ms: number; readonly owner?: number | undefined };

export interface StartScript {
  readonly type: 'start';
  readonly id: string;
  /** Shard of the session that it belongs to, which has a lease of its own; absent where there is one. */
  readonly owner?: number | undefined;
  /** Program and arguments; never a shell string. */
  readonly argv: readonly [string, ...string[]];
  /** The whole environment, except for HOME, TMPDIR and the names of files in the run directory: MILLRACE_INPUT, _OUTPUT, _TRIGGER, _CLOUDEVENT. */
  readonly env: Readonly<Record<string, string>>;
  /** JSON text for `$MILLRACE_INPUT`. */
  readonly input: string;
  /** JSON text for `$MILLRACE_TRIGGER` and for `$MILLRACE_CLOUDEVENT`, where there is something to say. */
  readonly trigger?: string;
  readonly cloudEvent?: string;
}

export interface ScriptEnded {
  readonly type: 'ended';
  readonly id: string;
  /** Absent when a signal ended it. */
  readonly exitCode?: number;
  readonly signal?: string;
  /** What it last wrote to stderr, when it failed. */
  readonly complaint?: string;
  /** The result, parsed; absent when there is none. */
  readonly result?: unknown;
  /** Why what was written to `$MILLRACE_OUTPUT` is no result. */
  readonly problem?: { readonly code: 'output_invalid' | 'output_too_large'; readonly message: string };
}

export interface StartFailed {
  readonly type: 'start_failed';
  readonly id: string;
  readonly message: string;
  /** Whether the machine lacked something that it may have again later. */
  readonly isHindered: boolean;
}

/** What a spawner says to the executor: JSON lines on its stdout. */
export type FromSpawner =
  | { readonly type: 'started'; readonly id: string; readonly pid: number }
  | StartFailed
  | { readonly type: 'output'; readonly id: string; readonly stream: 'stdout' | 'stderr'; readonly text: string }
  | { readonly type: 'progress'; readonly id: string; readonly percent: number; readonly message?: string }
  | { readonly type: 'responded'; readonly id: string; readonly response: unknown }
  | ScriptEnded;
