import { type Selectable } from 'kysely';
import { type InboxRequestTable, type RunEventTable, type RunOutputTable, type RunTable } from './database.ts';

/** Rows as they are stored, JSON as text: what projections fold to. */
export type RunRecord = Selectable<RunTable>;
export type RunEventRecord = Selectable<RunEventTable>;
export type InboxRequestRecord = Selectable<InboxRequestTable>;
export type RunOutputRecord = Selectable<RunOutputTable>;

/** What events after the first may change of a run; the rest is written once. */
export const MUTABLE_COLUMNS = [
  ['state', 'text'],
  ['attempt', 'integer'],
  ['dispatched_at', 'timestamptz'],
  ['started_at', 'timestamptz'],
  ['ended_at', 'timestamptz'],
  ['cancel_requested_at', 'timestamptz'],
  ['not_before', 'timestamptz'],
  ['progress', 'double precision'],
  ['progress_message', 'text'],
  ['executor', 'text'],
  ['exit_code', 'integer'],
  ['signal', 'text'],
  ['output', 'text'],
  ['error', 'text'],
  ['last_sequence', 'bigint'],
  ['last_index', 'integer'],
] as const satisfies readonly (readonly [keyof RunRecord, string])[];

export const FIXED_COLUMNS = [
  ['id', 'uuid'],
  ['workspace', 'text'],
  ['workflow', 'text'],
  ['version', 'text'],
  ['kind', 'text'],
  ['dialect', 'text'],
  ['requested_by', 'text'],
  ['requested_at', 'timestamptz'],
  ['trace_id', 'text'],
  ['rerun_of', 'text'],
  ['input', 'text'],
  ['env_names', 'text'],
  ['requested_sequence', 'bigint'],
  ['requested_index', 'integer'],
  ['trigger_id', 'text'],
  ['trigger_method', 'text'],
  ['trigger_path', 'text'],
  ['verified', 'text'],
  ['delivery', 'text'],
  ['caller', 'text'],
  ['shard', 'smallint'],
] as const satisfies readonly (readonly [keyof RunRecord, string])[];

/** The part of a run that events change, with its id. */
export type RunProgressRecord = Pick<RunRecord, 'id' | (typeof MUTABLE_COLUMNS)[number][0]>;
