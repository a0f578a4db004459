import { PROGRESS_EVENTS_MAX, PROGRESS_MESSAGE_BYTES_MAX } from '@millrace/contracts';
import { type Clock, type Milliseconds } from '@millrace/kernel';
import { cutToWritten } from './written-size.ts';

/** As often as people can see it: ten reports a second. */
const INTERVAL_MS: Milliseconds = 100;
/** So many reports pass at that pace. */
const FAST_REPORTS_MAX = 500;
/**
 * Then one for each hundredth of the time that the attempt has taken so far: after ten minutes one in six seconds. In seven days, the
 * longest time of an attempt, these are fewer than 1,000.
 */
const AGE_SHARE = 1 / 100;

export interface ProgressReport {
  readonly percent: number;
  readonly message?: string;
}

export interface ProgressGate {
  readonly report: (report: ProgressReport) => void;
  /** Delivers the last report if it was held back; nothing passes after this. */
  readonly close: () => void;
}

const bounded = ({ percent, message }: ProgressReport): ProgressReport =>
  message === undefined ? { percent } : { percent, message: cutToWritten(message, PROGRESS_MESSAGE_BYTES_MAX) };

/**
 * Lets reports pass as often as people can see them, and {@link PROGRESS_EVENTS_MAX} in all. Of those in between only the last one counts.
 */
export const makeProgressGate = (clock: Clock, deliver: (report: ProgressReport) => void): ProgressGate => {
  const beganAt = clock.monotonic();
  let held: ProgressReport | undefined;
  let timer: NodeJS.Timeout | undefined;
  let passedAt = -Infinity;
  let passed = 0;
  let closed = false;

  const pass = (): void => {
    timer = undefined;
    if (held === undefined) return;
    const report = held;
    held = undefined;
    passedAt = clock.monotonic();
    passed += 1;
    deliver(bounded(report));
  };
  const waitMs = (): Milliseconds => {
    const now = clock.monotonic();
    const pace = passed < FAST_REPORTS_MAX ? 0 : (now - beganAt) * AGE_SHARE;
    return passedAt + Math.max(INTERVAL_MS, pace) - now;
  };
  return {
    report: (report) => {
      if (closed) return;
      held = report;
      // One is left for the last report.
      if (timer !== undefined || passed >= PROGRESS_EVENTS_MAX - 1) return;
      const wait = waitMs();
      if (wait <= 0) pass();
      else timer = setTimeout(pass, wait);
    },
    close: () => {
      closed = true;
      clearTimeout(timer);
      pass();
    },
  };
};
