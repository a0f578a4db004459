import { type RunEvent } from '@millrace/contracts';
import { expect } from 'vitest';
import { SchedulerState } from '../src/admission/scheduler-state.ts';
import { evolve } from '../src/admission/evolve.ts';
import { NO_LANE } from '../src/admission/lane-table.ts';
import { NO_RUN, type Run, STANDING } from '../src/admission/run-table.ts';
import { type WorkflowQueue } from '../src/admission/workflow-queue.ts';
import { wakeDue } from '../src/admission/wake.ts';
import { isOpen, type RunState } from '../src/run/run-state.ts';
import { type World } from './world.ts';
import { WORLD_WORKFLOWS } from './world-workflows.ts';

/** What holds at every moment in a `World`: in the log, on the executors, inside the scheduler's state. */

export const CONCURRENT_MAX = 4;

const isHeld = (status: RunState['status']): boolean => status === 'dispatched' || status === 'running';
const limitOf = (path: string): number => WORLD_WORKFLOWS[path]?.limit ?? 0;
const keyLimitOf = (key: string): number => WORLD_WORKFLOWS[key.split(' ', 1)[0] ?? '']?.policy?.keyConcurrency ?? 99;

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
    held.flatMap(([runId]) => world.keyOf(runId) ?? []),
    keyLimitOf,
  );
  checkRates(world);
  checkPool(world);
  checkCounts(
    held.map(([, { executor = '' }]) => executor),
    (id) => world.sessions.find((session) => session.id === id)?.slots ?? 0,
  );
};

/** A run is on an executor of the pool that it asks for. */
const checkPool = ({ log, sessions }: World): void => {
  const last = log.at(-1);
  if (last?.type !== 'dev.millrace.run.dispatched.v1') return;
  const { pool = 'default' } = WORLD_WORKFLOWS[last.workflow]?.policy ?? {};
  const { pools = ['default'] } = sessions.find(({ id }) => id === last.data.executor) ?? {};
  expect(pools).toContain(pool);
};

/** Starts of a workflow with a rate, the latest of which was just recorded. */
const checkRates = ({ log, times }: World): void => {
  const last = log.at(-1);
  const { rate } = WORLD_WORKFLOWS[last?.workflow ?? '']?.policy ?? {};
  if (rate === undefined || last?.type !== 'dev.millrace.run.dispatched.v1') return;
  const from = (times.at(-1) ?? 0) - rate.periodMs;
  const isStart = (event: RunEvent): boolean => event.type === last.type && event.workflow === last.workflow;
  const starts = log.filter((event, index) => isStart(event) && (times[index] ?? 0) > from);
  expect(starts.length).toBeLessThanOrEqual(rate.limit);
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
  checkTurn(leader, run);
};

const isWithinRate = ({ path, starts }: WorkflowQueue, logMs: number): boolean => {
  const { rate } = WORLD_WORKFLOWS[path]?.policy ?? {};
  return rate === undefined || (starts?.dueMs(rate) ?? 0) <= logMs;
};

/** Q2 and Q3 of `queues.ts`. */
const checkTurn = ({ runs, queues }: SchedulerState, run: Run): void => {
  const lane = runs.lane.get(run);
  const workflow = queues.workflowOf(run);
  const first = queues.lanes.first(lane);
  const isDue = first !== NO_RUN && queues.lanes.running.get(lane) < keyLimitOf(`${workflow.path} ${lane}`);
  expect(queues.lanes.turnsIn.get(lane)).toBe(isDue ? runs.level.get(first) + 1 : 0);
  const isInTime = isWithinRate(workflow, queues.logMs);
  for (const group of workflow.groups) {
    const isReady = group.turn !== NO_LANE && workflow.running < limitOf(workflow.path) && isInTime;
    expect(group.turns !== undefined).toBe(isReady);
    expect(group.nextReady !== undefined).toBe(isReady);
    const pool = queues.pools.pool(WORLD_WORKFLOWS[workflow.path]?.policy?.pool);
    if (isReady) expect(group.turns).toBe(pool.turns);
  }
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
export const checkAgainstLog = ({ leader, log, times, runs }: World, nowMs: number): void => {
  const fresh = new SchedulerState({ concurrentRunsMax: CONCURRENT_MAX });
  for (const [index, event] of log.entries()) evolve(fresh, event, { sequence: index + 1, index: 0 }, times[index]);
  wakeDue(fresh, nowMs);
  for (const [runId, state] of runs) {
    const standing = standingOf(fresh, runId);
    expect([runId, standingOf(leader, runId)]).toEqual([runId, standing]);
    expect(fresh.runs.find(runId) !== undefined).toBe(isOpen(state.status));
    expect(standing?.executor).toBe(isHeld(state.status) ? state.executor : undefined);
  }
};
