import { type Selectable } from 'kysely';
import { type RunError } from '@millrace/contracts';
import { type RunTable } from './database.ts';
import { type RunRow, type RunState, type RunSummary } from './run.ts';

/** Columns of a {@link RunSummary}. */
export const SUMMARY_COLUMNS = [
  'id',
  'workspace',
  'workflow',
  'version',
  'kind',
  'state',
  'attempt',
  'dialect',
  'requested_by',
  'requested_at',
  'dispatched_at',
  'started_at',
  'ended_at',
  'cancel_requested_at',
  'not_before',
  'progress',
  'progress_message',
  'executor',
  'exit_code',
  'signal',
  'trace_id',
  'rerun_of',
  'error',
  'requested_sequence',
  'requested_index',
  'last_sequence',
  'last_index',
  'trigger_id',
  'trigger_path',
  'shard',
] as const satisfies readonly (keyof RunTable)[];

/** Columns of a {@link RunRow}. */
export const RUN_COLUMNS = [...SUMMARY_COLUMNS, 'input', 'env_names', 'output'] as const;

export type SummaryColumns = Pick<Selectable<RunTable>, (typeof SUMMARY_COLUMNS)[number]>;
export type RunColumns = Pick<Selectable<RunTable>, (typeof RUN_COLUMNS)[number]>;

const parseText = (json: string | null): unknown => (json === null ? undefined : (JSON.parse(json) as unknown));

export const toSummary = (row: SummaryColumns): RunSummary => ({
  id: row.id,
  workspace: row.workspace,
  workflow: row.workflow,
  version: row.version,
  kind: row.kind,
  state: row.state as RunState,
  attempt: row.attempt,
  dialect: row.dialect,
  requestedBy: row.requested_by,
  triggerId: row.trigger_id ?? undefined,
  triggerPath: row.trigger_path ?? undefined,
  requestedAt: row.requested_at,
  ...toTimes(row),
  ...toOutcome(row),
  shard: row.shard,
  requested: { sequence: row.requested_sequence, index: row.requested_index },
  last: { sequence: row.last_sequence, index: row.last_index },
});

const toTimes = (row: SummaryColumns) => ({
  dispatchedAt: row.dispatched_at ?? undefined,
  startedAt: row.started_at ?? undefined,
  executor: row.executor ?? undefined,
  endedAt: row.ended_at ?? undefined,
  cancelRequestedAt: row.cancel_requested_at ?? undefined,
  ...toPause(row),
});

/** Before its first attempt a run was delayed, after one it waits for the next. */
const toPause = ({ attempt, not_before: notBefore }: SummaryColumns) => ({
  notBefore: attempt === 0 ? (notBefore ?? undefined) : undefined,
  retryAt: attempt === 0 ? undefined : (notBefore ?? undefined),
});

const toOutcome = (row: SummaryColumns) => ({
  progress: row.progress ?? undefined,
  progressMessage: parseText(row.progress_message) as string | undefined,
  exitCode: row.exit_code ?? undefined,
  signal: row.signal ?? undefined,
  error: parseText(row.error) as RunError | undefined,
  traceId: row.trace_id ?? undefined,
  rerunOf: row.rerun_of ?? undefined,
});

export const toRun = (row: RunColumns): RunRow => ({
  ...toSummary(row),
  input: parseText(row.input),
  envNames: parseText(row.env_names) as readonly string[],
  output: parseText(row.output),
});
