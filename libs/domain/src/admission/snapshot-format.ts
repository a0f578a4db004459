/** What the writer and the reader of a snapshot agree on; `snapshot.ts` says what it means. */
import { type RunPolicy } from '@millrace/contracts';

/** Grows when the same bytes would mean something else. */
export const SNAPSHOT_VERSION = 2;
export const SNAPSHOT_MAGIC = 'millrace.scheduler';

/** What a piece begins with. */
export const PIECE = { table: 1, rows: 2, end: 3 } as const;

/** Number of a row when the snapshot was taken; a restored run has another one. So have lanes. */
export type OldRow = number;
export type OldLane = number;
/** Workflows and policies keep their numbers. */
type WorkflowNumber = number;

/** Everything besides the runs themselves: lists, because they are written in pieces. */
export interface SnapshotTables {
  readonly workflows: readonly (readonly [workspace: string, path: string])[];
  readonly policies: readonly RunPolicy[];
  /** Concurrency keys. */
  readonly keys: readonly (readonly [lane: OldLane, key: string])[];
  /** Lanes that take turns, group by group in their order. */
  readonly laneTurns: readonly (readonly [workflow: WorkflowNumber, level: number, lane: OldLane])[];
  /** Workflows that take turns in a pool at a priority, pool by pool and level by level in their order. */
  readonly groupTurns: readonly (readonly [pool: string, workflow: WorkflowNumber, level: number])[];
  /** One item for each pool. */
  readonly cycles: readonly (readonly [pool: string, passed: number, lower: number])[];
  /** Latest starts of workflows that have a rate. */
  readonly starts: readonly (readonly [workflow: WorkflowNumber, times: readonly number[]])[];
  /** Runs that hold a slot by a dispatch that is in the log, in that order. */
  readonly holdings: readonly HoldingItem[];
  /** Runs that shall end and were dispatched only as far as the writer knew: the log lets them end where they waited. */
  readonly withdrawn: readonly (readonly [row: OldRow, ending: 'cancelled' | 'superseded'])[];
  readonly successors: readonly (readonly [row: OldRow, successor: string])[];
  readonly debounceKeys: readonly (readonly [row: OldRow, key: string])[];
  readonly debounced: readonly DebouncedItem[];
  /** When each schedule fired last. */
  readonly fired: readonly (readonly [key: string, ms: number])[];
  /** Time of the log: one item. */
  readonly logMs: readonly number[];
  /** One item, or none while nothing was read. */
  readonly logBegan: readonly number[];
  /** Ids that are no UUIDs. */
  readonly otherIds: readonly (readonly [row: OldRow, id: string])[];
}

export type HoldingItem = readonly [row: OldRow, executor: string, isCancelRequested: boolean, isLeaving: boolean];

/** The latest run of a debounce key. */
export type DebouncedItem = readonly [
  workflow: WorkflowNumber,
  key: string,
  runId: string,
  sinceMs: number,
  dueMs: number,
];
