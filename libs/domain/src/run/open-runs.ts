import { isTerminal, type RunEvent } from '@millrace/contracts';
import { isSuperseded } from './evolve-run.ts';

interface OpenRun {
  readonly status: 'waiting' | 'dispatched';
  readonly attempt: number;
  /** Who has the current attempt, or had the last one. */
  readonly executor: string | undefined;
  /** Sequence of its request. */
  readonly since: number;
}

/** The runs that have not ended at a place in the log: all that is needed to tell which events count. */
export interface OpenRuns {
  /** Takes the next event of the log, and says whether it counts. */
  readonly take: (event: RunEvent, sequence: number) => boolean;
  /** Sequence of the oldest request of an open run; `undefined` when none is open. Never goes back. */
  readonly since: () => number | undefined;
  readonly size: () => number;
}

const next = (run: OpenRun, event: RunEvent): OpenRun => {
  switch (event.type) {
    case 'dev.millrace.run.dispatched.v1':
      return { ...run, status: 'dispatched', attempt: event.attempt ?? run.attempt, executor: event.data.executor };
    case 'dev.millrace.run.attempt.failed.v1':
    case 'dev.millrace.run.attempt.lost.v1':
      return { ...run, status: 'waiting' };
    default:
      return run;
  }
};

const birth = (since: number): OpenRun => ({ status: 'waiting', attempt: 0, executor: undefined, since });

/** Begins with no run open. A run that is not in here has ended, or was never requested: whatever is said of it comes late. */
export const makeOpenRuns = (): OpenRuns => {
  const runs = new Map<string, OpenRun>();
  // A map keeps the order in which its keys came, which is the order of the requests. The walk passes each run once, when it has ended.
  let walk = runs.keys();
  let oldest: string | undefined;
  const findOldest = (): OpenRun | undefined => {
    for (;;) {
      const run = oldest === undefined ? undefined : runs.get(oldest);
      if (run !== undefined) return run;
      const { done, value } = walk.next();
      oldest = value;
      if (done !== true) continue;
      walk = runs.keys(); // a walk that came to its end does not see what comes later
      return undefined;
    }
  };
  return {
    take: (event, sequence) => {
      const run = runs.get(event.subject);
      if (isSuperseded(run, event)) return false;
      if (run === undefined) runs.set(event.subject, birth(sequence));
      else if (isTerminal(event.type)) runs.delete(event.subject);
      else {
        const after = next(run, event);
        if (after !== run) runs.set(event.subject, after);
      }
      return true;
    },
    since: () => findOldest()?.since,
    size: () => runs.size,
  };
};
