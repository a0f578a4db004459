import { decodeEvent } from '@millrace/contracts';
import { completed } from '@millrace/testkit';
import { describe, expect, test } from 'vitest';
import { endingOf, type EndingOf } from './ending.ts';
import { type Outcome } from './execution.ts';

const FAILED: Outcome = {
  kind: 'failed',
  error: { code: 'exit_code', message: 'exit code 3' },
  exitCode: 3,
  output: 1,
};
const COMPLETED: Outcome = { kind: 'completed', output: { ok: true }, exitCode: 0 };
const LOST: Outcome = { kind: 'lost', reason: 'SIGSEGV', counted: true };

const ending = (outcome: Outcome, more: Partial<EndingOf> = {}): ReturnType<typeof endingOf> =>
  endingOf({ outcome, stopped: undefined, executor: 'ex_1', timeoutMs: 1_500, retryOnFailure: false, ...more });

describe('the ending of an attempt', () => {
  test.each([
    ['completed', ending(COMPLETED), { output: { ok: true }, exitCode: 0 }],
    ['completed', ending({ kind: 'completed' }), {}],
    ['failed', ending(FAILED), { error: { code: 'exit_code', message: 'exit code 3' }, exitCode: 3, output: 1 }],
    [
      'attempt.failed',
      ending(FAILED, { retryOnFailure: true }),
      { error: { code: 'exit_code', message: 'exit code 3' }, exitCode: 3, output: 1 },
    ],
    ['attempt.lost', ending(LOST, { retryOnFailure: true }), { executor: 'ex_1', reason: 'SIGSEGV' }],
    ['attempt.lost', ending({ ...LOST, counted: false }), { executor: 'ex_1', reason: 'SIGSEGV', counted: false }],
    ['cancelled', ending(COMPLETED, { stopped: 'cancelled' }), { exitCode: 0 }],
    ['cancelled', ending(LOST, { stopped: 'cancelled' }), {}],
    [
      'timed_out',
      ending({ ...FAILED, signal: 'SIGKILL' }, { stopped: 'timed_out', retryOnFailure: true }),
      { error: { code: 'timeout', message: 'took longer than 1.5 s' }, exitCode: 3, signal: 'SIGKILL' },
    ],
  ])('is %s', (name, actual, data) => {
    expect(actual).toEqual({ type: `dev.millrace.run.${name}.v1`, data });
    expect(decodeEvent({ ...completed(), ...actual })).toMatchObject({ known: true });
  });
});
