import { type Position, type RunError } from '@millrace/contracts';
import { type RunStatus } from '@millrace/domain';

/** States of a run, in the order in which it may pass them; the last five are final. */
export const RUN_STATES = [
  'waiting',
  'dispatched',
  'running',
  'completed',
  'failed',
  'cancelled',
  'timed_out',
  'rejected',
] as const satisfies readonly RunStatus[];
export type RunState = (typeof RUN_STATES)[number];

/** A run without what may be large. Times are RFC 3339, UTC, milliseconds. */
export interface RunSummary {
  readonly id: string;
  readonly workspace: string;
  readonly workflow: string;
  readonly version: string;
  readonly kind: string;
  /** `waiting` also between a lost or failed attempt and the next dispatch. */
  readonly state: RunState;
  /** The current attempt; 0 before the first dispatch. */
  readonly attempt: number;
  readonly dialect: string;
  /** Id of the token that asked. */
  readonly requestedBy: string;
  /** Id of the trigger that it came by. */
  readonly triggerId: string | undefined;
  /** Path by which the trigger was called, without query and keys. */
  readonly triggerPath: string | undefined;
  readonly requestedAt: string;
  /** Of the current attempt, as are the next two. */
  readonly dispatchedAt: string | undefined;
  readonly startedAt: string | undefined;
  readonly executor: string | undefined;
  readonly endedAt: string | undefined;
  readonly cancelRequestedAt: string | undefined;
  /** When its first attempt may begin, while it waits for that. */
  readonly notBefore: string | undefined;
  /** When its next attempt may begin, while it waits for that. */
  readonly retryAt: string | undefined;
  /** 0 to 100. */
  readonly progress: number | undefined;
  readonly progressMessage: string | undefined;
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly error: RunError | undefined;
  readonly traceId: string | undefined;
  readonly rerunOf: string | undefined;
  /** Whose log the next two are places in. */
  readonly shard: number;
  /** Where `run.requested` stands in the log; what is not kept here (values of the environment) can be read there. */
  readonly requested: Position;
  /** The last event that counted. */
  readonly last: Position;
}

/** A whole run. */
export interface RunRow extends RunSummary {
  readonly input: unknown;
  /** Names only: values may be secret. */
  readonly envNames: readonly string[];
  /** `undefined` when there is none; `null` is an output. */
  readonly output: unknown;
}

/** An event that counted. */
export interface RunEventRow {
  readonly position: Position;
  readonly type: string;
  readonly time: string;
  readonly attempt: number | undefined;
  /** Data of the event without input, environment and reply subject. */
  readonly data: unknown;
}

/** A piece of output. */
export interface RunOutputRow {
  /** Place in the stream `LOGS`: sequence of the pack and index in it. */
  readonly position: Position;
  readonly attempt: number;
  /** Counts from 0 within the attempt. */
  readonly index: number;
  readonly stream: string;
  readonly time: string;
  readonly text: string;
}
