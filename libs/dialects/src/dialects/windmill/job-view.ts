import { DELETED } from '@millrace/contracts';
import { isRunOver, type RunSnapshot } from '../../run-snapshot.ts';
import { hasSucceeded, resultOf } from './job-result.ts';

/** Digits of a version in addresses and in jobs. */
export const HASH_DIGITS = 16;

const millisecondsBetween = (from: string | undefined, to: string | undefined): number | null =>
  from === undefined || to === undefined ? null : Math.max(0, Date.parse(to) - Date.parse(from));

/** The result of a run that is over; an empty object once it was deleted after its use. */
export const shownResult = (run: RunSnapshot): unknown => (run.isDeleted === true ? {} : resultOf(run));

const isRunning = ({ state }: RunSnapshot): boolean => state === 'running' || state === 'dispatched';

/** What every job has. Members that have no meaning here are there and say nothing: clients look them up. */
const commonOf = (run: RunSnapshot) => ({
  id: run.id,
  workspace_id: run.workspace,
  parent_job: null,
  created_by: run.requestedBy,
  created_at: run.requestedAt,
  started_at: run.startedAt ?? null,
  scheduled_for: run.notBefore ?? run.requestedAt,
  script_hash: run.version.slice(0, HASH_DIGITS),
  script_path: run.workflow,
  args: run.isDeleted === true ? {} : run.input,
  job_kind: 'script',
  language: run.kind === 'workflow' ? 'bun' : 'bash',
  schedule_path: null,
  permissioned_as: `u/${run.requestedBy}`,
  email: '',
  flow_status: null,
  raw_flow: null,
  is_flow_step: false,
  is_skipped: false,
  visible_to_owner: true,
  mem_peak: null,
  tag: 'default',
  priority: null,
  labels: null,
  preprocessed: null,
  worker: null,
  self_wait_time_ms: millisecondsBetween(run.requestedAt, run.startedAt),
  aggregate_wait_time_ms: null,
});

const cancelOf = ({ state, error }: RunSnapshot) => {
  const canceled = state === 'cancelled';
  return { canceled, canceled_by: null, canceled_reason: canceled ? (error?.message ?? null) : null };
};

/** A run as clients read a job. */
export const jobView = (run: RunSnapshot, logs: string | undefined): Readonly<Record<string, unknown>> => {
  // Also of a job that wrote nothing: nobody learns whether it did.
  const told = run.isDeleted === true ? DELETED : logs;
  const common = { ...commonOf(run), ...cancelOf(run), ...(logs === undefined ? {} : { logs: told }) };
  if (!isRunOver(run)) {
    return { type: 'QueuedJob', ...common, running: isRunning(run), suspend: null };
  }
  return {
    type: 'CompletedJob',
    ...common,
    completed_at: run.endedAt ?? null,
    duration_ms: millisecondsBetween(run.startedAt ?? run.requestedAt, run.endedAt),
    success: hasSucceeded(run),
    result: shownResult(run),
    deleted: run.isDeleted === true,
  };
};

export const timingView = (run: RunSnapshot): Readonly<Record<string, unknown>> => ({
  created_at: run.requestedAt,
  started_at: run.startedAt ?? null,
  duration_ms: millisecondsBetween(run.startedAt ?? run.requestedAt, run.endedAt),
});

/** What pollers ask for most. */
export const resultMaybeView = (run: RunSnapshot, wantsStarted: boolean): Readonly<Record<string, unknown>> => {
  const started = wantsStarted ? run.startedAt !== undefined : null;
  if (!isRunOver(run)) return { completed: false, result: null, success: null, started };
  return { completed: true, success: hasSucceeded(run), result: shownResult(run), started };
};

/** What changed since a client last asked. `offset` is how many characters of the logs it has. */
export const updateView = (
  run: RunSnapshot,
  logs: string,
  { offset, knowsRunning }: { readonly offset: number; readonly knowsRunning: boolean },
): Readonly<Record<string, unknown>> => ({
  ...(isRunning(run) && !knowsRunning ? { running: true } : {}),
  ...(isRunOver(run) ? { completed: true } : {}),
  ...(logs.length > offset ? { new_logs: logs.slice(offset) } : {}),
  log_offset: Math.max(logs.length, offset),
  ...(run.progress === undefined ? {} : { progress: Math.floor(run.progress) }),
});
