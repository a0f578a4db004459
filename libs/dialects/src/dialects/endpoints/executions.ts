import { type Answer, jsonAnswer } from '../../answer.ts';
import { isRunOver, type RunSnapshot } from '../../run-snapshot.ts';
import { lastPartOf } from './find-endpoint.ts';

const STATUS: Readonly<Record<string, string>> = {
  waiting: 'Pending',
  dispatched: 'Pending',
  running: 'Running',
  cancelled: 'Cancelled',
  timed_out: 'Timeout',
};

const saysFailure = (output: unknown): boolean =>
  typeof output === 'object' && output !== null && (output as { readonly success?: unknown }).success === false;

/** `Pending`, `Running`, `Success`, `CompletedWithErrors` (the result has `success: false`), `Failed`, `Timeout` or `Cancelled`. */
export const statusOf = ({ state, output }: { readonly state: string; readonly output?: unknown }): string => {
  if (state === 'completed') return saysFailure(output) ? 'CompletedWithErrors' : 'Success';
  return STATUS[state] ?? 'Failed';
};

const typeOf = (value: unknown): string | null => {
  if (value === undefined || value === null) return null;
  return typeof value === 'string' ? 'text' : 'json';
};

const durationOf = ({ startedAt, requestedAt, endedAt }: RunSnapshot): number | null =>
  endedAt === undefined ? null : Math.max(0, Date.parse(endedAt) - Date.parse(startedAt ?? requestedAt));

const lines = (logs: string) =>
  logs
    .split('\n')
    .filter((line) => line !== '')
    .map((message) => ({ level: 'INFO', message }));

const resultMembers = (run: RunSnapshot) => ({
  execution_id: run.id,
  status: statusOf(run),
  result: run.output ?? null,
  result_type: typeOf(run.output),
});

/** `GET /api/executions/<id>`. */
export const executionAnswer = (run: RunSnapshot, logs: string): Answer =>
  jsonAnswer(200, {
    ...resultMembers(run),
    workflow_id: run.workflow,
    workflow_name: lastPartOf(run.workflow),
    input_data: run.input ?? null,
    error_message: run.error?.message ?? null,
    duration_ms: durationOf(run),
    started_at: run.startedAt ?? null,
    completed_at: run.endedAt ?? null,
    logs: lines(logs),
  });

/** `GET /api/executions/<id>/result`. */
export const resultAnswer = (run: RunSnapshot): Answer => jsonAnswer(200, resultMembers(run));

/** `GET /api/executions/<id>/logs`. */
export const logsAnswer = ({ id }: RunSnapshot, logs: string): Answer =>
  jsonAnswer(200, { execution_id: id, logs: lines(logs) });

/** `POST /api/executions/<id>/cancel`. */
export const cancelAnswer = (run: RunSnapshot): Answer =>
  jsonAnswer(200, { execution_id: run.id, status: isRunOver(run) ? statusOf(run) : 'Cancelling' });
