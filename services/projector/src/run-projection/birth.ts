import { DEFAULT_SHARD, parseTraceparent, type Position, type RunRequested } from '@millrace/contracts';
import { type RunRecord } from '@millrace/read-model';
import { instantText } from './instant-text.ts';
import { jsonText } from './json-text.ts';

type TriggerColumns = Pick<
  RunRecord,
  'trigger_id' | 'trigger_method' | 'trigger_path' | 'verified' | 'delivery' | 'caller'
>;

/** No text of a column holds NUL: Postgres would refuse the batch. */
const text = (value: string | undefined): string | null => value?.replaceAll('\0', '\uFFFD') ?? null;

const triggerColumns = (trigger: RunRequested['data']['trigger']): TriggerColumns => ({
  trigger_id: text(trigger?.id),
  trigger_method: text(trigger?.method),
  trigger_path: text(trigger?.path),
  verified: text(trigger?.verified),
  delivery: text(trigger?.delivery),
  caller: text(trigger?.from),
});

/** The row of a run that was just requested. */
export const birthOf = (
  event: RunRequested,
  time: string,
  { sequence, index }: Position,
  shard = DEFAULT_SHARD,
): RunRecord => ({
  id: event.subject,
  workspace: event.workspace,
  workflow: event.workflow,
  version: event.data.version,
  kind: event.data.kind,
  state: 'waiting',
  attempt: 0,
  dialect: event.data.dialect,
  requested_by: event.data.requestedBy,
  requested_at: time,
  dispatched_at: null,
  started_at: null,
  ended_at: null,
  cancel_requested_at: null,
  not_before: instantText(event.data.notBefore),
  progress: null,
  progress_message: null,
  executor: null,
  exit_code: null,
  signal: null,
  trace_id: parseTraceparent(event.traceparent)?.traceId ?? null,
  rerun_of: event.data.rerunOf ?? null,
  input: jsonText(event.data.input),
  env_names: jsonText(Object.keys(event.data.env)),
  output: null,
  error: null,
  requested_sequence: sequence,
  requested_index: index,
  last_sequence: sequence,
  last_index: index,
  ...triggerColumns(event.data.trigger),
  shard,
});
