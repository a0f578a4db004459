import { parseTraceparent, type Position, type RunRequested } from '@millrace/contracts';
import { type RunRecord } from '@millrace/read-model';
import { jsonText } from './json-text.ts';

/** The row of a run that was just requested. */
export const birthOf = (event: RunRequested, time: string, { sequence, index }: Position): RunRecord => ({
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
});
