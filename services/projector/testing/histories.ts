import { type RunEvent } from '@millrace/contracts';
import {
  aRunId,
  attemptFailed,
  attemptLost,
  cancelled,
  cancelRequested,
  completed,
  dispatched,
  failed,
  progressed,
  rejected,
  requested,
  responded,
  started,
  timedOut,
} from '@millrace/testkit';

/** What the log holds of one run, late and superseded events included. */
export type History = (runId: string) => readonly RunEvent[];

/** As the scheduler says it of a run that waits: of no attempt. */
const withoutAttempt = (event: RunEvent): RunEvent =>
  Object.fromEntries(Object.entries(event).filter(([name]) => name !== 'attempt')) as unknown as RunEvent;

/** Text that Postgres does not take as it is: NUL and a lone surrogate. */
export const NASTY = '\u0000 \ud800 é 🚀 "quoted" \\ {}';

/** One run of every kind that there is. */
export const HISTORIES: Readonly<Record<string, History>> = {
  completed: (runId) => [
    requested({ runId, input: { text: NASTY }, env: { TARGET: 'production', SECRET: 'hidden-value' } }),
    dispatched({ runId }),
    started({ runId }),
    progressed({ runId, percent: 40, message: NASTY }),
    responded({ runId, response: { text: NASTY } }),
    completed({ runId, output: { text: NASTY } }),
  ],
  failed: (runId) => [requested({ runId }), dispatched({ runId }), started({ runId }), failed({ runId })],
  'timed out': (runId) => [requested({ runId }), dispatched({ runId }), started({ runId }), timedOut({ runId })],
  rejected: (runId) => [requested({ runId }), rejected({ runId })],
  'cancelled while waiting': (runId) => [
    requested({ runId }),
    cancelRequested({ runId }),
    withoutAttempt(cancelled({ runId })),
    cancelRequested({ runId }),
  ],
  'cancelled while running': (runId) => [
    requested({ runId }),
    dispatched({ runId }),
    started({ runId }),
    cancelRequested({ runId }),
    cancelled({ runId, exitCode: 143 }),
  ],
  'failed, then completed': (runId) => [
    requested({ runId }),
    dispatched({ runId, retryOnFailure: true }),
    started({ runId }),
    attemptFailed({ runId }),
    dispatched({ runId, attempt: 2 }),
    started({ runId, attempt: 2 }),
    completed({ runId, attempt: 2 }),
  ],
  'lost, and its late result': (runId) => [
    requested({ runId }),
    dispatched({ runId }),
    started({ runId }),
    attemptLost({ runId }),
    completed({ runId, output: 'late' }),
    dispatched({ runId, attempt: 2 }),
    progressed({ runId, attempt: 1, percent: 99 }),
    started({ runId, attempt: 2 }),
    failed({ runId, attempt: 1 }),
    completed({ runId, attempt: 2, output: 'second' }),
    completed({ runId, attempt: 2, output: 'again' }),
  ],
  'lost for good': (runId) => [
    requested({ runId }),
    dispatched({ runId }),
    attemptLost({ runId }),
    withoutAttempt(failed({ runId, error: { code: 'executor_lost', message: 'attempts used up' } })),
    completed({ runId }),
  ],
  'requested twice': (runId) => [requested({ runId }), dispatched({ runId }), requested({ runId, input: 2 })],
  waiting: (runId) => [requested({ runId })],
  running: (runId) => [requested({ runId }), dispatched({ runId }), started({ runId })],
};

/** How many events of {@link HISTORIES} count, and the state that the run ends up in. */
export const EXPECTED: Readonly<Record<keyof typeof HISTORIES, readonly [counting: number, state: string]>> = {
  completed: [6, 'completed'],
  failed: [4, 'failed'],
  'timed out': [4, 'timed_out'],
  rejected: [2, 'rejected'],
  'cancelled while waiting': [3, 'cancelled'],
  'cancelled while running': [5, 'cancelled'],
  'failed, then completed': [7, 'completed'],
  'lost, and its late result': [7, 'completed'],
  'lost for good': [4, 'failed'],
  'requested twice': [2, 'dispatched'],
  waiting: [1, 'waiting'],
  running: [3, 'running'],
};

/** A small generator with a seed, so that a failure can be repeated. */
export const makeRandom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

/** Kinds of runs that come to an end. */
export const ENDING = Object.keys(HISTORIES).filter(
  (name) => !['waiting', 'running', 'requested twice'].includes(name),
);

/** Runs of these kinds (all by default), their events mixed at random and cut into commits; the order within a run is kept. */
export const makeLog = (
  runs: number,
  random: () => number,
  names: readonly string[] = Object.keys(HISTORIES),
): { ids: readonly string[]; commits: readonly RunEvent[][] } => {
  const kinds = names.map((name) => HISTORIES[name]);
  const ids = Array.from({ length: runs }, aRunId);
  const left = ids.map((id, index) => [...(kinds[index % kinds.length]?.(id) ?? [])]);
  const commits: RunEvent[][] = [];
  let open = 0;
  while (left.some((events) => events.length > 0)) {
    // About thirty runs are under way at a time, so that runs span many commits.
    while (open < left.length && left.slice(0, open).filter((events) => events.length > 0).length < 30) open += 1;
    const commit: RunEvent[] = [];
    for (let size = 1 + Math.floor(random() * 8); size > 0; size -= 1) {
      const under = left.slice(0, open).filter((events) => events.length > 0);
      const event = under[Math.floor(random() * under.length)]?.shift();
      if (event !== undefined) commit.push(event);
    }
    if (commit.length > 0) commits.push(commit);
  }
  return { ids, commits };
};
