import { type RunResult } from '@millrace/contracts';
import { describe, expect, test } from 'vitest';
import { type RecordedRun, type RunSnapshot, type StartOutcome } from '../../run-snapshot.ts';
import { type WorkflowInService } from '../../trigger-directory.ts';
import { answerOutcome, type BodyForm } from './answer-outcome.ts';
import { cancelAnswer, executionAnswer, logsAnswer, resultAnswer, statusOf } from './executions.ts';

const serviceOf = (workflow: string, inputSchema?: unknown): WorkflowInService => ({
  workspace: 'default',
  workflow,
  version: {
    version: 'a'.repeat(64),
    kind: 'script',
    file: 'a.py',
    description: '',
    methods: ['POST'],
    policy: { timeoutMs: 30_000, retries: { failed: 0, lost: 0 } },
    deployedAt: '2026-01-02T03:04:05.678Z',
    deployedFrom: 'a.py',
    ...(inputSchema === undefined ? {} : { inputSchema }),
  },
});

describe('003, 3.4: answers', () => {
  const run: RecordedRun = {
    runId: 'r1',
    workspace: 'default',
    workflow: 'a/b',
    version: 'v',
    traceId: 't',
    replayed: false,
    requestedAt: '2026-01-02T03:04:05.678Z',
    input: {},
  };
  const ended = (result: Omit<RunResult, 'run_id'>): StartOutcome => ({
    kind: 'ended',
    run,
    result: { run_id: 'r1', ...result },
    elapsedMs: 12,
  });
  const error = { code: 'exit_code', message: 'boom' };
  const answer = (outcome: StartOutcome, form: BodyForm) => {
    const { status, body } = answerOutcome(outcome, serviceOf('a/b'), form);
    return [status, body === undefined ? undefined : (JSON.parse(String(body)) as unknown)];
  };
  const nothing = { message: null, result: null, error: null, duration_ms: null };

  test.each<[string, StartOutcome, number, unknown]>([
    [
      '003: an object',
      ended({ status: 'completed', output: { status: 'success', data: { id: 123 } } }),
      200,
      { status: 'success', data: { id: 123 } },
    ],
    [
      '003: a pair of value and status',
      ended({ status: 'completed', output: [{ created: true }, 201] }),
      201,
      { created: true },
    ],
    [
      '003: a pair that refuses',
      ended({ status: 'completed', output: [{ error: 'Invalid signature' }, 401] }),
      401,
      { error: 'Invalid signature' },
    ],
    ['a list that is no tuple', ended({ status: 'completed', output: [1, 2] }), 200, [1, 2]],
    ['a list of three', ended({ status: 'completed', output: [1, 201, 3] }), 200, [1, 201, 3]],
    ['a tuple without a body', ended({ status: 'completed', output: [null, 204] }), 204, undefined],
    ['nothing returned', ended({ status: 'completed' }), 200, null],
    ['failed', ended({ status: 'failed', error }), 500, { detail: 'boom' }],
    ['timed out', ended({ status: 'timed_out' }), 504, { detail: 'Workflow execution timed out after 30 seconds' }],
    ['cancelled', ended({ status: 'cancelled' }), 500, { detail: 'Workflow execution was cancelled' }],
    ['answered early', { kind: 'responded', run, response: [{ a: 1 }, 202] }, 202, { a: 1 }],
    ['filtered', { kind: 'filtered', reason: 'no' }, 200, { detail: 'Filtered: no' }],
    [
      '003: nobody waits: the id',
      { kind: 'accepted', run },
      200,
      { ...nothing, execution_id: 'r1', status: 'Pending', message: 'Workflow queued for async execution' },
    ],
    [
      'still running when the wait is over',
      { kind: 'timed_out', run, waitedMs: 1 },
      200,
      { ...nothing, execution_id: 'r1', status: 'Running', message: 'Workflow is still running: poll for its result' },
    ],
  ])('plain: %s', (_name, outcome, status, body) => {
    expect(answer(outcome, 'plain')).toEqual([status, body]);
  });

  test.each<[string, StartOutcome, Readonly<Record<string, unknown>>]>([
    ['Success', ended({ status: 'completed', output: { a: 1 } }), { result: { a: 1 }, duration_ms: 12 }],
    ['Success', ended({ status: 'completed', output: [{ a: 1 }, 201] }), { result: [{ a: 1 }, 201], duration_ms: 12 }],
    [
      'CompletedWithErrors',
      ended({ status: 'completed', output: { success: false } }),
      { result: { success: false }, duration_ms: 12 },
    ],
    ['Failed', ended({ status: 'failed', error }), { error: 'boom', duration_ms: 12 }],
    [
      'Timeout',
      ended({ status: 'timed_out' }),
      { error: 'Workflow execution timed out after 30 seconds', duration_ms: 12 },
    ],
    ['Cancelled', ended({ status: 'cancelled' }), { error: 'Workflow execution was cancelled', duration_ms: 12 }],
    ['Pending', { kind: 'accepted', run }, { message: 'Workflow queued for async execution' }],
  ])('envelope: always 200, always all six keys: %s', (state, outcome, members) => {
    expect(answer(outcome, 'envelope')).toEqual([200, { ...nothing, execution_id: 'r1', status: state, ...members }]);
  });

  test('a plain body leaves the id of the run to a header', () => {
    expect(answerOutcome(ended({ status: 'completed' }), serviceOf('a/b'), 'plain').headers).toMatchObject({
      'x-execution-id': 'r1',
    });
  });

  const snapshot: RunSnapshot = {
    ...run,
    id: 'r1',
    state: 'completed',
    attempt: 1,
    requestedBy: 'x',
    startedAt: '2026-01-02T03:04:06.000Z',
    endedAt: '2026-01-02T03:04:07.000Z',
    progress: undefined,
    progressMessage: undefined,
    output: { ok: true },
    error: undefined,
    exitCode: 0,
  };

  test.each([
    [{ state: 'waiting' }, 'Pending'],
    [{ state: 'dispatched' }, 'Pending'],
    [{ state: 'running' }, 'Running'],
    [{ state: 'completed' }, 'Success'],
    [{ state: 'completed', output: { success: false } }, 'CompletedWithErrors'],
    [{ state: 'failed' }, 'Failed'],
    [{ state: 'rejected' }, 'Failed'],
    [{ state: 'cancelled' }, 'Cancelled'],
    [{ state: 'timed_out' }, 'Timeout'],
  ])('a run that is %j has the status %s', (state, status) => {
    expect(statusOf(state)).toBe(status);
  });

  test('003: an execution that is polled', () => {
    expect(JSON.parse(String(executionAnswer(snapshot, 'a\nb\n').body))).toEqual({
      execution_id: 'r1',
      workflow_id: 'a/b',
      workflow_name: 'b',
      status: 'Success',
      input_data: {},
      result: { ok: true },
      result_type: 'json',
      error_message: null,
      duration_ms: 1_000,
      started_at: '2026-01-02T03:04:06.000Z',
      completed_at: '2026-01-02T03:04:07.000Z',
      logs: [
        { level: 'INFO', message: 'a' },
        { level: 'INFO', message: 'b' },
      ],
    });
    expect(JSON.parse(String(resultAnswer(snapshot).body))).toMatchObject({ result: { ok: true } });
    expect(JSON.parse(String(logsAnswer(snapshot, 'a').body))).toMatchObject({ logs: [{ message: 'a' }] });
    expect(JSON.parse(String(cancelAnswer(snapshot).body))).toMatchObject({ status: 'Success' });
    expect(JSON.parse(String(cancelAnswer({ ...snapshot, state: 'running' }).body))).toMatchObject({
      status: 'Cancelling',
    });
  });
});
