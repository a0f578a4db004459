import { type RunResult } from '@millrace/contracts';
import { type Answer, emptyAnswer, jsonAnswer } from '../../answer.ts';
import { type StartOutcome } from '../../run-snapshot.ts';
import { type WorkflowInService } from '../../trigger-directory.ts';
import { statusOf } from './executions.ts';

/** `plain`: what the workflow returned, as the document has it · `envelope`: the six keys that servers of the protocol send. */
export type BodyForm = 'plain' | 'envelope';

interface Told {
  readonly status: string;
  readonly message?: string;
  readonly result?: unknown;
  readonly error?: string | undefined;
  readonly durationMs?: number | undefined;
}

const SECOND = 1_000;

/** Always all six keys, and 200 whatever became of the run. */
const envelope = (runId: string, { status, message, result, error, durationMs }: Told): Answer =>
  jsonAnswer(200, {
    execution_id: runId,
    status,
    message: message ?? null,
    result: result ?? null,
    error: error ?? null,
    duration_ms: durationMs ?? null,
  });

const pending = (runId: string, message: string, status = 'Pending'): Answer => envelope(runId, { status, message });

/** `return data, 201`: a list of a value and a status. */
const readTuple = (output: unknown): { readonly data: unknown; readonly status: number } | undefined => {
  if (!Array.isArray(output) || output.length !== 2) return undefined;
  const [data, status] = output as readonly unknown[];
  const isStatus = Number.isInteger(status) && Number(status) >= 200 && Number(status) <= 599;
  return isStatus ? { data, status: Number(status) } : undefined;
};

const NO_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

const plain = (output: unknown): Answer => {
  const { data, status } = readTuple(output) ?? { data: output ?? null, status: 200 };
  return NO_BODY.has(status) ? emptyAnswer(status) : jsonAnswer(status, data ?? null);
};

const errorOf = ({ status, error }: RunResult, { version }: Pick<WorkflowInService, 'version'>): string => {
  if (status === 'timed_out') return `Workflow execution timed out after ${version.policy.timeoutMs / SECOND} seconds`;
  return error?.message ?? (status === 'cancelled' ? 'Workflow execution was cancelled' : 'Workflow execution failed');
};

const FAILED_STATUS: Readonly<Partial<Record<RunResult['status'], number>>> = { timed_out: 504, rejected: 503 };

const endedAnswer = (
  { result, run, elapsedMs }: Extract<StartOutcome, { readonly kind: 'ended' }>,
  service: Pick<WorkflowInService, 'version'>,
  form: BodyForm,
): Answer => {
  const { status: state, output } = result;
  const isGood = state === 'completed';
  if (form === 'envelope') {
    const error = isGood ? undefined : errorOf(result, service);
    return envelope(run.runId, { status: statusOf({ state, output }), result: output, error, durationMs: elapsedMs });
  }
  return isGood ? plain(output) : jsonAnswer(FAILED_STATUS[state] ?? 500, { detail: errorOf(result, service) });
};

const answerOf = (outcome: StartOutcome, service: Pick<WorkflowInService, 'version'>, form: BodyForm): Answer => {
  switch (outcome.kind) {
    case 'filtered':
      return jsonAnswer(200, { detail: `Filtered: ${outcome.reason}` });
    case 'accepted':
      return pending(outcome.run.runId, 'Workflow queued for async execution');
    case 'timed_out':
      return pending(outcome.run.runId, 'Workflow is still running: poll for its result', 'Running');
    case 'responded':
      return form === 'plain'
        ? plain(outcome.response)
        : envelope(outcome.run.runId, { status: 'Running', result: outcome.response });
    case 'ended':
      return endedAnswer(outcome, service, form);
  }
};

/** The answer, and in `x-execution-id` the id of the run: a plain body has no place for it. */
export const answerOutcome = (
  outcome: StartOutcome,
  service: Pick<WorkflowInService, 'version'>,
  form: BodyForm,
): Answer => {
  const answer = answerOf(outcome, service, form);
  if (outcome.kind === 'filtered') return answer;
  return { ...answer, headers: { ...answer.headers, 'x-execution-id': outcome.run.runId } };
};
