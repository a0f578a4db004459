import { type Clock, type Milliseconds } from '@millrace/kernel';

/** Ten reports a second for each run. */
const INTERVAL_MS: Milliseconds = 100;

export interface ProgressReport {
  readonly percent: number;
  readonly message?: string;
}

export interface ProgressGate {
  readonly report: (report: ProgressReport) => void;
  /** Delivers the last report if it was held back; nothing passes after this. */
  readonly close: () => void;
}

/** Lets reports pass as often as people can see them. Of those in between only the last one counts. */
export const makeProgressGate = (clock: Clock, deliver: (report: ProgressReport) => void): ProgressGate => {
  let held: ProgressReport | undefined;
  let timer: NodeJS.Timeout | undefined;
  let passedAt = -Infinity;
  let closed = false;

  const pass = (): void => {
    timer = undefined;
    if (held === undefined) return;
    const report = held;
    held = undefined;
    passedAt = clock.monotonic();
    deliver(report);
  };
  return {
    report: (report) => {
      if (closed) return;
      held = report;
      if (timer !== undefined) return;
      const wait = passedAt + INTERVAL_MS - clock.monotonic();
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
