import { type ColumnType } from 'kysely';

/** The schema that readers see; a rebuild fills {@link REBUILD_SCHEMA} and takes its place by renaming. */
export const LIVE_SCHEMA = 'millrace';
export const REBUILD_SCHEMA = 'millrace_rebuild';

/** Written by the projection's own statements only, so that kysely reads everything and writes nothing. */
type ReadOnly<Value> = ColumnType<Value, never, never>;

/**
 * One row per run. JSON is kept as text: `jsonb` refuses NUL and lone surrogates, text that JSON escaped takes them.
 * Times are those of the events, never of the projection: a row is a function of the log.
 */
export interface RunTable {
  readonly id: ReadOnly<string>;
  readonly workspace: ReadOnly<string>;
  readonly workflow: ReadOnly<string>;
  readonly version: ReadOnly<string>;
  readonly kind: ReadOnly<string>;
  readonly state: ReadOnly<string>;
  readonly attempt: ReadOnly<number>;
  readonly dialect: ReadOnly<string>;
  readonly requested_by: ReadOnly<string>;
  readonly requested_at: ReadOnly<string>;
  readonly dispatched_at: ReadOnly<string | null>;
  readonly started_at: ReadOnly<string | null>;
  readonly ended_at: ReadOnly<string | null>;
  readonly cancel_requested_at: ReadOnly<string | null>;
  /** Until when it waits; null once that is over. */
  readonly not_before: ReadOnly<string | null>;
  readonly progress: ReadOnly<number | null>;
  /** JSON text of a string. */
  readonly progress_message: ReadOnly<string | null>;
  readonly executor: ReadOnly<string | null>;
  readonly exit_code: ReadOnly<number | null>;
  readonly signal: ReadOnly<string | null>;
  readonly trace_id: ReadOnly<string | null>;
  readonly rerun_of: ReadOnly<string | null>;
  /** JSON text. */
  readonly input: ReadOnly<string>;
  /** JSON text: an array of names. Values may be secret and stay in the log. */
  readonly env_names: ReadOnly<string>;
  /** JSON text; null when there is no output. */
  readonly output: ReadOnly<string | null>;
  /** JSON text of a `RunError`. */
  readonly error: ReadOnly<string | null>;
  readonly requested_sequence: ReadOnly<number>;
  readonly requested_index: ReadOnly<number>;
  readonly last_sequence: ReadOnly<number>;
  readonly last_index: ReadOnly<number>;
  /** How it was asked for; null when no trigger did, and in runs of older versions. */
  readonly trigger_id: ReadOnly<string | null>;
  readonly trigger_method: ReadOnly<string | null>;
  readonly trigger_path: ReadOnly<string | null>;
  readonly verified: ReadOnly<string | null>;
  readonly delivery: ReadOnly<string | null>;
  /** Address of the caller. */
  readonly caller: ReadOnly<string | null>;
  /** In whose log its positions are. */
  readonly shard: ReadOnly<number>;
}

/** Requests that reached a trigger and started no run. `sequence` is the place in the stream `REQUESTS`. */
export interface InboxRequestTable {
  readonly id: ReadOnly<string>;
  readonly time: ReadOnly<string>;
  readonly workflow: ReadOnly<string>;
  readonly trigger_id: ReadOnly<string>;
  readonly outcome: ReadOnly<string>;
  /** JSON text of an `InboxRecord`. */
  readonly record: ReadOnly<string>;
  readonly sequence: ReadOnly<number>;
}

/** Every event that counted, in the order of the log. */
export interface RunEventTable {
  readonly run_id: ReadOnly<string>;
  readonly sequence: ReadOnly<number>;
  readonly index: ReadOnly<number>;
  readonly type: ReadOnly<string>;
  readonly time: ReadOnly<string>;
  readonly attempt: ReadOnly<number | null>;
  /** JSON text, without input, environment and reply subject. */
  readonly data: ReadOnly<string>;
}

/** What runs wrote. `sequence` and `pack_index` are the place in the stream `LOGS`. */
export interface RunOutputTable {
  readonly run_id: ReadOnly<string>;
  readonly attempt: ReadOnly<number>;
  readonly chunk_index: ReadOnly<number>;
  readonly stream: ReadOnly<string>;
  readonly time: ReadOnly<string>;
  /** JSON text of a string. */
  readonly text: ReadOnly<string>;
  readonly sequence: ReadOnly<number>;
  readonly pack_index: ReadOnly<number>;
}

/** How far each projection has come; moves in the transaction of the rows. */
export interface ProjectionPositionTable {
  readonly projection: ReadOnly<string>;
  readonly shard: ReadOnly<number>;
  readonly sequence: ReadOnly<number>;
  /** When the stream stored the message at that position, milliseconds since the epoch; null when that was not kept. */
  readonly stored_at: ReadOnly<number | null>;
}

export interface Database {
  readonly run: RunTable;
  readonly run_event: RunEventTable;
  readonly run_output: RunOutputTable;
  readonly inbox_request: InboxRequestTable;
  readonly projection_position: ProjectionPositionTable;
}
