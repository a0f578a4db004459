import { type FrozenIds } from './run-ids.ts';
import { type SchedulerState } from './scheduler-state.ts';
import { type DebouncedItem, type OldLane, type SnapshotTables } from './snapshot-format.ts';

type TurnTables = Pick<SnapshotTables, 'keys' | 'laneTurns' | 'groupTurns' | 'cycles' | 'starts'>;

const turnTables = ({ queues }: SchedulerState): TurnTables => ({
  keys: [...queues.lanes.keys()],
  laneTurns: queues.workflows.flatMap(({ number, groups }) =>
    groups.flatMap((group) => Array.from(group.order(), (lane) => [number, group.level, lane] as const)),
  ),
  groupTurns: Array.from(queues.pools.values(), ({ name, turns }) =>
    Array.from(turns.order(), ({ workflow, level }) => [name, workflow.number, level] as const),
  ).flat(),
  cycles: Array.from(queues.pools.values(), ({ name, turns }) => [name, ...turns.cycle] as const),
  starts: queues.workflows.flatMap(({ number, starts }) =>
    starts === undefined ? [] : [[number, starts.times()] as const],
  ),
});

const debouncedItems = ({ workflows }: SchedulerState): readonly DebouncedItem[] =>
  workflows.flatMap(({ number, debounced }) =>
    Array.from(debounced, ([key, { runId, sinceMs, dueMs }]) => [number, key, runId, sinceMs, dueMs] as const),
  );

/** Dispatches that were not read back from the log are not kept: they were not made. */
const holdingItems = ({ holdings }: SchedulerState): SnapshotTables['holdings'] =>
  [...holdings.values()]
    .filter(({ isRecorded }) => isRecorded)
    .map(
      ({ run, executor, isCancelRequested, isLeaving }) => [run, executor.id, isCancelRequested, isLeaving] as const,
    );

/** Nor is what they held up: whoever reads the log finds the first reason to end, and who takes the place of a run asks first. */
const withdrawnItems = ({ holdings, successors }: SchedulerState): SnapshotTables['withdrawn'] =>
  [...holdings.values()]
    .filter(({ isRecorded, isLeaving, isCancelRequested }) => !isRecorded && (isLeaving || isCancelRequested))
    .map(({ run }) => [run, successors.has(run) ? 'superseded' : 'cancelled'] as const);

/** What a snapshot keeps besides columns, as it is now. Takes time for keys, runs that hold a slot and workflows, not for runs that wait. */
export const tablesOf = (state: SchedulerState, ids: FrozenIds): SnapshotTables => ({
  workflows: state.workflows.map(({ workspace, path }) => [workspace, path] as const),
  policies: [...state.policies],
  ...turnTables(state),
  holdings: holdingItems(state),
  withdrawn: withdrawnItems(state),
  successors: [...state.successors],
  debounceKeys: [...state.debounceKeys],
  debounced: debouncedItems(state),
  fired: [...state.fired],
  logMs: [state.queues.logMs],
  logBegan: state.logBeganMs === undefined ? [] : [state.logBeganMs],
  otherIds: [...ids.others],
});

/** Puts turns into the order that they had; to be called when every run stands where it stands. */
export const restoreTurns = (
  { queues }: SchedulerState,
  tables: TurnTables,
  laneOf: (lane: OldLane) => number | undefined,
): void => {
  const orders = new Map<string, number[]>();
  for (const [workflow, level, oldLane] of tables.laneTurns) {
    const key = `${workflow} ${level}`;
    const order = orders.get(key) ?? [];
    const lane = laneOf(oldLane);
    if (lane !== undefined) order.push(lane);
    orders.set(key, order);
  }
  for (const workflow of queues.workflows) {
    for (const group of workflow.groups) {
      queues.arrangeLanes(group, orders.get(`${workflow.number} ${group.level}`) ?? []);
    }
  }
  for (const [name, ...cycle] of tables.cycles) {
    const pool = queues.pools.pool(name);
    const its = tables.groupTurns.filter(([of]) => of === name);
    queues.arrangeGroups(
      pool,
      its.flatMap(([, workflow, level]) => queues.workflows[workflow]?.group(level) ?? []),
    );
    pool.turns.cycle = cycle;
  }
};
