import type { RunError } from '@millrace/contracts';

/** How an execution ended by itself. What it means for the run depends on whether it had been asked to stop. */
export type Outcome =
  | { readonly kind: 'completed'; readonly output?: unknown; readonly exitCode?: number }
  | {
      readonly kind: 'failed';
      readonly error: RunError;
      readonly output?: unknown;
      readonly exitCode?: number;
      readonly signal?: string;
    }
  /** The process that ran it died of something else. Not `counted` when that is, or may be, the fault of another run. */
  | {
      readonly kind: 'lost';
      readonly reason: string;
      readonly counted: boolean;
      /** It could not begin, for want of something that the machine may have again later. */
      readonly isHindered?: true;
    };

export type OutputStream = 'stdout' | 'stderr' | 'log';

/** What an execution reports: `onStarted` at most once, then output, progress and an early answer, then `onEnded` exactly once and nothing after it. */
export interface ExecutionListener {
  readonly onStarted: (pid?: number) => void;
  readonly onOutput: (stream: OutputStream, text: string) => void;
  readonly onProgress: (percent: number, message?: string) => void;
  /** The answer for a caller that waits; only the first one of an attempt counts. */
  readonly onResponded: (response: unknown) => void;
  readonly onEnded: (outcome: Outcome) => void;
}

export type StopReason = 'cancelled' | 'timed_out';

/** A script or a workflow that runs. */
export interface Execution {
  /** Asks it to end and ends it by force after the grace period; `onEnded` follows in any case. */
  readonly stop: (reason: StopReason) => void;
}

/**
 * Largest result that is taken from a process, as JSON text: `RESULT_BYTES_MAX` of the contracts, which are too large for a spawner to load.
 */
export const OUTPUT_BYTES_MAX = 1_048_576;
