/** An attempt that an executor holds. */
export interface HeldAttempt {
  readonly runId: string;
  readonly attempt: number;
}

/** What an executor tells the leader every second. */
export interface Heartbeat {
  readonly executor: string;
  /** Runs it can hold at the same time. */
  readonly slots: number;
  /** True while it finishes what it has and takes nothing new. */
  readonly draining: boolean;
  readonly held: readonly HeldAttempt[];
}

/** What the leader answers. No answer within `leaseMs` of the question means: kill everything and begin anew. */
export interface HeartbeatAnswer {
  /** How long the executor may go on, in milliseconds from when it asked. */
  readonly leaseMs: number;
  /** Runs of this executor that shall be cancelled. */
  readonly cancel: readonly string[];
  /** False when the leader has declared this executor lost: kill everything and begin anew under another id. */
  readonly known: boolean;
}

/** What a waiting caller gets on its reply subject; the terminal event as recorded. */
export interface RunReply {
  readonly runId: string;
  readonly type: string;
}
