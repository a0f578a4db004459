import { type Answer, jsonAnswer } from '../../answer.ts';
import { type RunSnapshot } from '../../run-snapshot.ts';

const STATUS: Readonly<Record<string, string>> = {
  waiting: 'Pending',
  dispatched: 'Pending',
  running: 'Running',
  completed: 'Completed',
  cancelled: 'Cancelled',
  timed_out: 'Timeout',
};

const lengthOf = (value: unknown): number => (value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value)));

/** `GET /api/v1/execution/run/<run_id>`: boards and events of the protocol are workflows here. */
export const runState = (run: RunSnapshot): Answer =>
  jsonAnswer(200, {
    run_id: run.id,
    board_id: run.workflow,
    event_id: run.workflow,
    status: STATUS[run.state] ?? 'Failed',
    mode: 'Http',
    progress: run.progress ?? (run.state === 'completed' ? 100 : 0),
    current_step: run.progressMessage ?? null,
    error: run.error?.message ?? null,
    input_payload_len: lengthOf(run.input),
    output_payload_len: lengthOf(run.output),
    started_at: run.startedAt ?? null,
    completed_at: run.endedAt ?? null,
    created_at: run.requestedAt,
  });
