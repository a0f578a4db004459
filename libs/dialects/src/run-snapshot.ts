import { type RunError, type RunEvent, type RunResult } from '@millrace/contracts';

/** A run as a dialect shows it. */
export interface RunSnapshot {
  readonly id: string;
  readonly workspace: string;
  readonly workflow: string;
  readonly version: string;
  /** `script` or `workflow`. */
  readonly kind?: string;
  /** Id of the trigger that started it; absent when none did. */
  readonly triggerId?: string | undefined;
  /** Path by which that trigger was called, without query; keys in it are `***`. */
  readonly triggerPath?: string | undefined;
  /** `waiting`, `dispatched`, `running`, `completed`, `failed`, `cancelled`, `timed_out`, `rejected`. */
  readonly state: string;
  /** From 1; 0 while no attempt has begun. */
  readonly attempt: number;
  readonly requestedBy: string;
  /** RFC 3339. */
  readonly requestedAt: string;
  /** When its first attempt may begin, while it waits for that, and when its next one may; absent: not known here. */
  readonly notBefore?: string | undefined;
  readonly retryAt?: string | undefined;
  readonly startedAt: string | undefined;
  readonly endedAt: string | undefined;
  /** 0 to 100. */
  readonly progress: number | undefined;
  readonly progressMessage: string | undefined;
  readonly input: unknown;
  /** `undefined` when there is none; `null` is an output. */
  readonly output: unknown;
  readonly error: RunError | undefined;
  readonly exitCode: number | undefined;
  readonly traceId: string | undefined;
  /** True: it was deleted after its use. `input` and `output` are `##DELETED##`, and so are the texts of errors, progress and logs. */
  readonly isDeleted?: boolean;
}

const OVER: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled', 'timed_out', 'rejected']);

export const isRunOver = ({ state }: Pick<RunSnapshot, 'state'>): boolean => OVER.has(state);

/** A run that was recorded. */
export interface RecordedRun {
  readonly runId: string;
  readonly workspace: string;
  readonly workflow: string;
  readonly version: string;
  readonly traceId: string;
  /** True when the request is a repeat, and this is the run of the first one. */
  readonly replayed: boolean;
  /** RFC 3339. */
  readonly requestedAt: string;
  readonly input: unknown;
  /** Of a run that is found again: as `RunSnapshot` has them. */
  readonly triggerId?: string | undefined;
  readonly triggerPath?: string | undefined;
}

/** What became of a request that was let in. */
export type StartOutcome =
  /** On disk; nobody waited. */
  | { readonly kind: 'accepted'; readonly run: RecordedRun }
  /** Waited for; it is over. */
  | {
      readonly kind: 'ended';
      readonly run: RecordedRun;
      readonly result: RunResult;
      /** From the request to its answer. */
      readonly elapsedMs?: number;
      /** The event that says so, where it is at hand. */
      readonly event?: RunEvent;
    }
  /** Waited for; the workflow answered before its end. */
  | {
      readonly kind: 'responded';
      readonly run: RecordedRun;
      readonly response: unknown;
      /** The event that says so, where it is at hand. */
      readonly event?: RunEvent;
    }
  /** Waited for; time is up. It has been cancelled where the route says so. */
  | { readonly kind: 'timed_out'; readonly run: RecordedRun; readonly waitedMs: number }
  /** A condition is false: nothing was started. */
  | { readonly kind: 'filtered'; readonly reason: string };
