/**
 * Why a run waits, as one line for people and as members for programs. Tells of the state as it is; counts no further than
 * {@link BEFORE_MAX}, so an answer takes milliseconds at most: 0.4 to 9 with a million runs waiting.
 */
import { DEFAULT_POOL, type RunWhy } from '@millrace/contracts';
import { freestExecutor, isFresh } from './executor-record.ts';
import { NO_RUN, type Run, STANDING } from './run-table.ts';
import { type SchedulerState } from './scheduler-state.ts';

/** Runs before this one are counted up to here. */
export const BEFORE_MAX = 10_000;

/** What it is by the clocks: `monotonic` as for `hear`, `epoch` and the log in milliseconds since the epoch. */
export interface WhyTimes {
  readonly monotonicMs: number;
}

type Reason = Omit<RunWhy, 'run_id' | 'workflow' | 'line'>;

const isoOf = (ms: number): string => new Date(ms).toISOString();

const withHolder = (state: SchedulerState, held: Run): Pick<RunWhy, 'holder'> =>
  held === NO_RUN ? {} : { holder: state.runs.id(held) };

/** Any run of the workflow that takes a slot. */
const holderOf = (state: SchedulerState, workflow: number): Pick<RunWhy, 'holder'> => {
  for (const run of state.holdings.keys()) {
    if (state.runs.workflow.get(run) === workflow) return { holder: state.runs.id(run) };
  }
  return {};
};

const byKey = (state: SchedulerState, run: Run): Reason | undefined => {
  const { lanes } = state.queues;
  const lane = state.runs.lane.get(run);
  const { keyConcurrency: limit } = state.policyOf(run);
  const running = lanes.running.get(lane);
  if (limit === undefined || running < limit) return undefined;
  const key = lanes.key(lane);
  return {
    reason: 'concurrency_key',
    limit,
    running,
    ...(key === undefined ? {} : { key }),
    ...withHolder(state, lanes.firstHeld(lane)),
  };
};

const byWorkflow = (state: SchedulerState, run: Run): Reason | undefined => {
  const workflow = state.workflowOf(run);
  const { concurrency: limit } = state.policyOf(run);
  if (limit === undefined || workflow.running < limit) return undefined;
  return { reason: 'concurrency', limit, running: workflow.running, ...holderOf(state, workflow.number) };
};

const byRate = (state: SchedulerState, run: Run): Reason | undefined => {
  const { queues } = state;
  const policy = state.policyOf(run);
  const dueMs = queues.rateDueMs(state.workflowOf(run), policy);
  if (policy.rate === undefined || dueMs <= queues.logMs) return undefined;
  const { limit, periodMs } = policy.rate;
  return { reason: 'rate', limit, period_ms: periodMs, ...(Number.isFinite(dueMs) ? { until: isoOf(dueMs) } : {}) };
};

const byServer = (state: SchedulerState): Reason | undefined => {
  const { concurrentRunsMax: limit } = state.limits;
  if (state.holdings.size < limit) return undefined;
  const [first = NO_RUN] = state.holdings.keys();
  return { reason: 'max_concurrent_runs', limit, running: state.holdings.size, ...withHolder(state, first) };
};

const byExecutors = (state: SchedulerState, run: Run, { monotonicMs }: WhyTimes): Reason | undefined => {
  const { pool } = state.policyOf(run);
  const name = pool ?? DEFAULT_POOL;
  const executors = [...state.executors.values()].filter(({ pools }) => pools.has(name));
  if (freestExecutor(executors, name, monotonicMs) !== undefined) return undefined;
  const isThere = executors.some((executor) => isFresh(executor, monotonicMs));
  return { reason: isThere ? 'executors_full' : 'no_executor', ...(pool === undefined ? {} : { pool }) };
};

const ofWaiting = (state: SchedulerState, run: Run, times: WhyTimes): Reason => {
  const before = state.queues.lanes.countBefore(run, BEFORE_MAX);
  const found =
    byKey(state, run) ??
    byWorkflow(state, run) ??
    byRate(state, run) ??
    byServer(state) ??
    byExecutors(state, run, times);
  return { ...(found ?? { reason: 'turn' }), before };
};

const ofSleeping = (state: SchedulerState, run: Run): Reason => ({
  reason: state.debounceKeys.has(run) ? 'debounce' : state.runs.attempt.get(run) > 0 ? 'retry' : 'not_before',
  until: isoOf(state.runs.dueMs.get(run)),
});

const reasonOf = (state: SchedulerState, run: Run, times: WhyTimes): Reason => {
  const holding = state.holdings.get(run);
  if (holding !== undefined) {
    return { reason: holding.isCancelRequested ? 'cancelling' : 'running', executor: holding.executor.id };
  }
  switch (state.runs.standing.get(run)) {
    case STANDING.waiting:
      return ofWaiting(state, run, times);
    case STANDING.sleeping:
      return ofSleeping(state, run);
    case STANDING.retrying:
      return { reason: 'retry' };
    default:
      return { reason: 'ending' };
  }
};

const ofPool = ({ pool }: Reason): string => (pool === undefined ? '' : ` of the pool ${pool}`);

const BEHIND: Readonly<Record<RunWhy['reason'], (why: Reason) => string>> = {
  concurrency_key: ({ key, limit, running }) =>
    `waits for its concurrency key ${JSON.stringify(key ?? '')}: ${running} of ${limit} running`,
  concurrency: ({ limit, running }) => `waits for its workflow: ${running} of ${limit} running`,
  rate: ({ limit, period_ms: periodMs = 0 }) => `waits for its rate: ${limit} starts in ${periodMs / 1_000} s`,
  max_concurrent_runs: ({ limit, running }) => `waits for the server: ${running} of ${limit} running`,
  executors_full: (why) => `waits for an executor${ofPool(why)}: all that are there are full, or take nothing new`,
  no_executor: (why) => `waits for an executor${ofPool(why)}: none is there`,
  turn: () => 'could start now: it is about to, or waits for its turn',
  debounce: () => 'waits for a later run of its key, which would take its place',
  not_before: () => 'waits for its time',
  retry: () => 'waits to be tried again',
  running: ({ executor }) => `does not wait: it runs on ${executor ?? ''}`,
  cancelling: ({ executor }) => `does not wait: it runs on ${executor ?? ''}, which was asked to end it`,
  ending: () => 'does not wait: it is about to end',
  over: () => 'does not wait: it is over',
};

const beforeText = (before: number | undefined): string => {
  if (before === undefined || before === 0) return '';
  return before >= BEFORE_MAX ? `, more than ${BEFORE_MAX} runs before it` : `, ${before} before it`;
};

/** The same in one line. */
export const whyLine = (why: Reason): string => {
  const holder = why.holder === undefined ? '' : ` (${why.holder})`;
  const until = why.until === undefined ? '' : `, until ${why.until}`;
  return `${BEHIND[why.reason](why)}${holder}${beforeText(why.before)}${until}`;
};

/** Why this run waits; `undefined` when it is over, or was never here. */
export const whyOf = (state: SchedulerState, runId: string, times: WhyTimes): RunWhy | undefined => {
  const run = state.runs.find(runId);
  if (run === undefined) return undefined;
  const reason = reasonOf(state, run, times);
  return { run_id: runId, workflow: state.workflowOf(run).path, line: whyLine(reason), ...reason };
};
