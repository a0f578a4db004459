import { AppError } from '@millrace/kernel';
import { eventually } from '@millrace/testkit';
import { expect, test } from 'vitest';
import { UNWRITABLE_FRESH_MS } from '../limits.ts';
import { makeLogWritability } from './log-writability.ts';

const silence = (): AppError => new AppError('unavailable', 'log.unknown_outcome', 'no acknowledgement in time');

/** A log whose probes go as `answers.error` says, and a clock that is set by hand. */
const given = () => {
  const clock = { ms: 0 };
  const answers: { error: AppError | undefined; probes: number } = { error: undefined, probes: 0 };
  const log = makeLogWritability({
    nowMs: () => clock.ms,
    probeIntervalMs: 5,
    probe: async () => {
      answers.probes += 1;
      if (answers.error !== undefined) throw answers.error;
    },
  });
  return { log, clock, answers };
};

test('one append without an answer is a doubt, which a probe that is stored removes', async () => {
  const { log, answers } = given();
  log.onAppendError(silence());
  await eventually(() => expect(answers.probes).toBe(1));
  expect(log.problem()).toBeUndefined();
});

test('a probe without an answer makes the log not writable until one is stored', async () => {
  const { log, answers } = given();
  answers.error = silence();
  log.onAppendError(silence());
  await eventually(() => expect(log.problem()).toContain('does not acknowledge'));
  expect(() => log.check()).toThrow(expect.objectContaining({ code: 'log.not_writable', retryAfterSeconds: 5 }));
  answers.error = undefined;
  await eventually(() => expect(log.problem()).toBeUndefined());
  expect(() => log.check()).not.toThrow();
  log.close();
});

test('what is refused for another reason is no doubt', async () => {
  const { log, answers } = given();
  log.onAppendError(new AppError('unavailable', 'log.unreachable', ''));
  log.onAppendError(new Error('a defect'));
  expect(answers.probes).toBe(0);
  expect(log.problem()).toBeUndefined();
});

test("the supervisor's word holds for as long as it is repeated", () => {
  const { log, clock } = given();
  log.onWord('the disk is full');
  clock.ms += UNWRITABLE_FRESH_MS - 1;
  expect(log.problem()).toBe('the disk is full');
  log.onWord('the disk is full');
  clock.ms += UNWRITABLE_FRESH_MS;
  expect(log.problem()).toBeUndefined();
});
