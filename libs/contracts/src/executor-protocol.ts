/** An attempt that an executor holds. */
export interface HeldAttempt {
  readonly runId: string;
  readonly attempt: number;
}

/** Pools of one executor. */
export const EXECUTOR_POOLS_MAX = 64;

/** What an executor tells the leader every second. */
export interface Heartbeat {
  readonly executor: string;
  /** Runs it can hold at the same time. */
  readonly slots: number;
  /** Pools whose runs it takes; absent: the default one. */
  readonly pools?: readonly string[];
  /** True while it finishes what it has and takes nothing new. */
  readonly draining: boolean;
  /** Every attempt from when its dispatch was seen until its terminal event, or its `attempt.failed` or `attempt.lost`, is in the log. */
  readonly held: readonly HeldAttempt[];
}

/** What the leader answers. No answer within `leaseMs` of the question means: kill everything and begin anew. */
export interface HeartbeatAnswer {
  /** How long the executor may go on, in milliseconds from when it asked. */
  readonly leaseMs: number;
  /** Runs of this executor that shall be cancelled. */
  readonly cancel: readonly string[];
  /** Attempts that are no longer this executor's: it kills what runs of them, starts nothing of them later, and says nothing about them. */
  readonly dropped?: readonly HeldAttempt[];
  /** False when the leader has declared this executor lost: kill everything and begin anew under another id. */
  readonly known: boolean;
}

/** What the leader answers to whoever asks whether there is one: JSON. */
export interface LeaderAnswer {
  readonly holder: string;
  /** About how many bytes of the log the open runs still need until they are over. */
  readonly neededBytes: number;
  /** Runs that could start now, but for the limits. */
  readonly waiting?: number;
}

/** What a caller who may be refused gets on its reply subject instead of an event: the run waits. */
export const WAITING_WORD = 'waiting';

/** What a waiting caller gets on its reply subject; the terminal event as recorded. */
export interface RunReply {
  readonly runId: string;
  readonly type: string;
}
