/**
 * Folds the log into the tables `run` and `run_event`.
 *
 * A session reads the stored position, follows the log behind it, and for each stretch folds and writes rows and position in one
 * transaction. While Postgres writes one stretch, the next is read and decoded. A session that fails is followed by another, which finds in
 * the stored position whether the last transaction was committed.
 *
 * I1 rows and position move together, from exactly the position that the rows were folded from.
 * I2 the rows are a function of the log: no clock, no randomness, and the same whatever the stretches were.
 */
import { AppError } from '@millrace/kernel';
import { type Commit } from '@millrace/eventlog';
import { loadRuns, type ReadModel, type RunsBatch, writeRuns } from '@millrace/read-model';
import { isUsable, readEntries, type RecordedEvent, type UnusableEntry } from './recorded-event.ts';
import { foldRuns } from './run-fold.ts';

/** Consecutive commits of a log. */
export interface Stretch {
  readonly recorded: readonly RecordedEvent[];
  /** Sequence of the last commit. */
  readonly to: number;
  /** When the log stored that commit, milliseconds since the epoch. */
  readonly storedAt: number;
}

/** Events and bytes of one transaction, not counting what the last commit has beyond. */
export const STRETCH_EVENTS_MAX = 4_000;
export const STRETCH_BYTES_MAX = 8 * 1024 * 1024;

/** Cuts commits into stretches that a transaction can take. */
export function* stretchesOf(
  commits: readonly Commit[],
  onUnusable: (entry: UnusableEntry) => void,
): Generator<Stretch> {
  let recorded: RecordedEvent[] = [];
  let bytes = 0;
  for (const [index, commit] of commits.entries()) {
    bytes += commit.bytes;
    for (const entry of readEntries(commit)) {
      if (isUsable(entry)) recorded.push(entry);
      else onUnusable(entry);
    }
    const isFull = recorded.length >= STRETCH_EVENTS_MAX || bytes >= STRETCH_BYTES_MAX;
    if (!isFull && index < commits.length - 1) continue;
    yield { recorded, to: commit.sequence, storedAt: commit.time };
    recorded = [];
    bytes = 0;
  }
}

export interface ProjectionTarget {
  readonly readModel: ReadModel;
  readonly shard: number;
  /** The live tables by default. */
  readonly schema?: string;
}

const idsOf = (recorded: readonly RecordedEvent[], which: 'all' | 'earlier'): readonly string[] => {
  const ids = new Set<string>();
  const born = new Set<string>();
  for (const { event } of recorded) {
    if (event.type === 'dev.millrace.run.requested.v1') born.add(event.subject);
    if (which === 'all' || !born.has(event.subject)) ids.add(event.subject);
  }
  return [...ids];
};

/**
 * Folds one stretch over the rows as they are and writes the result; gives the events that ended a run.
 *
 * Runs that are requested in the stretch are not looked up first: an id is new. Should one not be, the write refuses and the stretch is
 * folded again with every row at hand.
 *
 * @throws AppError `conflict` `projection.moved` when the position is not `from`; `unavailable` when Postgres is away.
 */
export const projectStretch = async (
  { readModel, shard, schema }: ProjectionTarget,
  { recorded, to, storedAt }: Stretch,
  from: number,
): Promise<readonly RecordedEvent[]> => {
  for (const which of ['earlier', 'all'] as const) {
    const known = await loadRuns(readModel, idsOf(recorded, which), schema);
    const { ended, ...rows } = foldRuns(known, recorded, shard);
    const batch: RunsBatch = { shard, from, to, storedAt, ...rows };
    const outcome = await writeRuns(readModel, batch, schema);
    if (outcome === 'written') return ended;
    if (outcome === 'moved') throw new AppError('conflict', 'projection.moved', 'another projector writes the rows');
  }
  throw new AppError('conflict', 'projection.moved', 'rows appeared while they were folded');
};
