import { expect } from 'vitest';
import { SchedulerState } from '../src/admission/scheduler-state.ts';
import { evolve } from '../src/admission/evolve.ts';
import { NO_RUN, type Run, STANDING } from '../src/admission/run-table.ts';
import { isOpen, type RunState } from '../src/run/run-state.ts';
import { type World } from './world.ts';

/** What holds at every moment in a `World`: in the log, on the executors, inside the scheduler's state. */

export const CONCURRENT_MAX = 4;
/** Runs at the same time, by workflow. */
export const LIMITS: Readonly<Record<string, number>> = { 'a/free': 99, 'a/one': 1, 'a/two': 2, 'a/eager': 2 };

const isHeld = (status: RunState['status']): boolean => status === 'dispatched' || status === 'running';
const limitOf = (path: string): number => LIMITS[path] ?? 0;

const checkCounts = (held: readonly string[], maxOf: (name: string) => number): void => {
  for (const name of new Set(held)) {
    const count = held.filter((other) => other === name).length;
    expect([name, count <= maxOf(name)]).toEqual([name, true]);
  }
};

/** Runs that the log shows as held, by workflow and by executor. */
export const checkLog = (world: World): void => {
  const held = [...world.runs].filter(([, { status }]) => isHeld(status));
  expect(held.length).toBeLessThanOrEqual(CONCURRENT_MAX);
  checkCounts(
    held.map(([runId]) => world.workflowOf(runId)),
    limitOf,
  );
  checkCounts(
    held.map(([, { executor = '' }]) => executor),
    (id) => world.sessions.find((session) => session.id === id)?.slots ?? 0,
  );
};

const checkLive = ({ sessions }: World): void => {
  const live = sessions.flatMap((session) => [...session.live.values()]);
  expect(live.length).toBeLessThanOrEqual(CONCURRENT_MAX);
  expect(new Set(live.map(({ subject }) => subject)).size).toBe(live.length);
  checkCounts(
    live.map(({ workflow }) => workflow),
    limitOf,
  );
  for (const session of sessions) expect(session.live.size).toBeLessThanOrEqual(session.slots);
};

const checkRun = (leader: SchedulerState, run: Run): void => {
  expect(leader.holdings.has(run)).toBe(leader.runs.standing.get(run) === STANDING.held);
  const workflow = leader.workflowOf(run);
  const isReady = workflow.first !== NO_RUN && workflow.running < limitOf(workflow.path);
  expect(leader.ready.has(workflow)).toBe(isReady);
};

export const checkState = (world: World): void => {
  const { leader, runs } = world;
  expect(leader.holdings.size).toBeLessThanOrEqual(CONCURRENT_MAX);
  const open = [...runs.keys()].flatMap((runId) => leader.runs.find(runId) ?? []);
  for (const run of open) checkRun(leader, run);
  const standings = open.map((run) => leader.runs.standing.get(run));
  expect(leader.waiting).toBe(standings.filter((standing) => standing === STANDING.waiting).length);
  const held = [...leader.holdings.keys()].map((run) => leader.workflowOf(run).path);
  checkCounts(held, limitOf);
  checkLive(world);
};

const standingOf = (state: SchedulerState, runId: string) => {
  const run = state.runs.find(runId);
  if (run === undefined) return undefined;
  const holding = state.holdings.get(run);
  return {
    standing: state.runs.standing.get(run),
    attempt: state.runs.attempt.get(run),
    executor: holding?.executor.id,
    isCancelRequested: holding?.isCancelRequested,
  };
};

/** The leader's state is what a fold of the log alone gives, and holds every open run. */
export const checkAgainstLog = ({ leader, log, runs }: World): void => {
  const fresh = new SchedulerState({ concurrentRunsMax: CONCURRENT_MAX });
  for (const [index, event] of log.entries()) evolve(fresh, event, { sequence: index + 1, index: 0 });
  for (const [runId, state] of runs) {
    const standing = standingOf(fresh, runId);
    expect([runId, standingOf(leader, runId)]).toEqual([runId, standing]);
    expect(fresh.runs.find(runId) !== undefined).toBe(isOpen(state.status));
    expect(standing?.executor).toBe(isHeld(state.status) ? state.executor : undefined);
  }
};
