import { type RunEvent, type RunEventData, type RunEventOf, type RunEventType } from '@millrace/contracts';
import { type RunProgressRecord } from '@millrace/read-model';
import { instantText } from './instant-text.ts';
import { jsonText, optionalJsonText } from './json-text.ts';

/** What one event changes of a row. */
type Change = Partial<Omit<RunProgressRecord, 'id' | 'last_sequence' | 'last_index'>>;
type Changes = {
  readonly [Type in RunEventType]: (event: RunEventOf<Type>, time: string, row: RunProgressRecord) => Change;
};

const INTEGER_MAX = 2 ** 31 - 1;
/** Exit codes are small; a number that the column cannot hold is none. */
const exitCode = (code: number | undefined): number | null =>
  code === undefined || Math.abs(code) > INTEGER_MAX ? null : code;

/** What an attempt leaves behind is gone when the next one is dispatched. */
const FRESH_ATTEMPT = {
  not_before: null,
  started_at: null,
  progress: null,
  progress_message: null,
  exit_code: null,
  signal: null,
  output: null,
  error: null,
} as const satisfies Change;

type Failure = RunEventData<'dev.millrace.run.failed.v1'>;
const failure = ({ error, output, exitCode: code, signal }: Failure): Change => ({
  error: jsonText(error),
  output: optionalJsonText(output),
  exit_code: exitCode(code),
  signal: signal ?? null,
});

const CHANGES: Changes = {
  'dev.millrace.run.requested.v1': () => ({}),
  'dev.millrace.run.dispatched.v1': ({ attempt, data }, time, row) => ({
    ...FRESH_ATTEMPT,
    state: 'dispatched',
    attempt: attempt ?? row.attempt,
    dispatched_at: time,
    executor: data.executor,
  }),
  'dev.millrace.run.started.v1': (_event, time) => ({ state: 'running', started_at: time }),
  'dev.millrace.run.progressed.v1': ({ data }) => ({
    progress: data.percent,
    progress_message: optionalJsonText(data.message),
  }),
  'dev.millrace.run.responded.v1': () => ({}),
  'dev.millrace.run.cancel.requested.v1': (_event, time, row) => ({
    cancel_requested_at: row.cancel_requested_at ?? time,
  }),
  'dev.millrace.run.attempt.failed.v1': ({ data }) => ({ state: 'waiting', ...failure(data) }),
  'dev.millrace.run.attempt.lost.v1': ({ data }) => ({
    state: 'waiting',
    error: jsonText({ code: 'executor_lost', message: data.reason }),
  }),
  'dev.millrace.run.retry.scheduled.v1': ({ data }) => ({ not_before: instantText(data.notBefore) }),
  'dev.millrace.run.completed.v1': ({ data }, time) => ({
    state: 'completed',
    ended_at: time,
    output: optionalJsonText(data.output),
    exit_code: exitCode(data.exitCode),
    error: null,
  }),
  'dev.millrace.run.failed.v1': ({ data }, time) => ({
    state: 'failed',
    not_before: null,
    ended_at: time,
    ...failure(data),
  }),
  'dev.millrace.run.timed_out.v1': ({ data }, time) => ({ state: 'timed_out', ended_at: time, ...failure(data) }),
  'dev.millrace.run.cancelled.v1': ({ data }, time) => ({
    state: 'cancelled',
    not_before: null,
    ended_at: time,
    exit_code: exitCode(data.exitCode),
    error: jsonText({ code: 'cancelled', message: data.reason ?? 'cancelled' }),
  }),
  'dev.millrace.run.rejected.v1': ({ data }, time) => ({
    state: 'rejected',
    not_before: null,
    ended_at: time,
    error: jsonText(data.error),
  }),
};

/** What an event that counts changes of its run's row. */
export const changeOf = (event: RunEvent, time: string, row: RunProgressRecord): Change => {
  const change = CHANGES[event.type] as (event: RunEvent, time: string, row: RunProgressRecord) => Change;
  return change(event, time, row);
};
