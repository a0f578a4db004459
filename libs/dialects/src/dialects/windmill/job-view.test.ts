import { expect, test } from 'vitest';
import { type RunSnapshot } from '../../run-snapshot.ts';
import { jobView, resultMaybeView } from './job-view.ts';

const DELETED = '##DELETED##';
const run: RunSnapshot = {
  id: '1',
  workspace: 'default',
  workflow: 'a/b',
  version: 'f'.repeat(64),
  state: 'completed',
  attempt: 1,
  requestedBy: 'me',
  requestedAt: '2026-01-01T00:00:00.000Z',
  startedAt: '2026-01-01T00:00:01.000Z',
  endedAt: '2026-01-01T00:00:03.000Z',
  progress: undefined,
  progressMessage: undefined,
  input: { a: 1 },
  output: 7,
  error: undefined,
  exitCode: 0,
  traceId: undefined,
};

test('a job counts its time from its beginning, and its wait before that', () => {
  expect(jobView(run, 'log')).toMatchObject({
    type: 'CompletedJob',
    duration_ms: 2_000,
    self_wait_time_ms: 1_000,
    script_hash: 'f'.repeat(16),
    logs: 'log',
    result: 7,
    args: { a: 1 },
    deleted: false,
  });
});

test('001 delete after use: arguments and result are gone', () => {
  const deleted = { ...run, input: DELETED, output: DELETED, isDeleted: true };
  for (const logs of [DELETED, ''])
    expect(jobView(deleted, logs)).toMatchObject({ args: {}, result: {}, logs: DELETED, deleted: true });
  expect(resultMaybeView(deleted, false)).toEqual({ completed: true, success: true, result: {}, started: null });
});

test('a job that was cancelled says why', () => {
  const cancelled = { ...run, state: 'cancelled', output: undefined, error: { code: 'cancelled', message: 'enough' } };
  expect(jobView(cancelled, undefined)).toMatchObject({
    success: false,
    canceled: true,
    canceled_reason: 'enough',
    result: { error: { name: 'Canceled', message: 'enough', stack: '' } },
  });
});
