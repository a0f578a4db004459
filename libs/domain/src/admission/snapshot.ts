/**
 * The scheduler's state as bytes, so that a start does not have to read the whole log.
 *
 * I1 what is kept is what a fold of the log up to one position gives: dispatches and decisions that were not read back from the log count as
 *    not made, and nothing that heartbeats said is kept. So whoever folds the log from there on knows what its writer knew, and no more.
 * I2 a snapshot is of the moment of `freezeState`, however much the state changes while it is encoded.
 * I3 a snapshot of another version, or with other columns, is refused: the log tells everything again.
 *
 * Who adds something to the state that follows from the log adds it here: a number of each run to `KEPT` of the table, a list to
 * `SnapshotTables`, how a run gets to where it stands to `restore-snapshot.ts`. `snapshot.test.ts` compares what a restored state decides
 * with what the log alone decides.
 */
import { ByteWriter } from '../bytes/byte-writer.ts';
import { PAGE_ROWS } from './column.ts';
import { type FrozenRuns, KEPT_COLUMNS } from './run-table.ts';
import { type SchedulerState } from './scheduler-state.ts';
import { type OldRow, PIECE, SNAPSHOT_MAGIC, SNAPSHOT_VERSION, type SnapshotTables } from './snapshot-format.ts';
import { tablesOf } from './snapshot-tables.ts';

/** Items of a table in one piece: a piece takes less than a millisecond. */
const TABLE_ITEMS = 1_000;

/** A state at one moment. */
export interface FrozenState {
  readonly runs: FrozenRuns;
  readonly tables: SnapshotTables;
}

/** Takes hold of the state as it is now, without copying its runs: each page of rows is copied when it changes first. */
export const freezeState = (state: SchedulerState): FrozenState => {
  const runs = state.runs.freeze();
  return { runs, tables: tablesOf(state, runs.ids) };
};

const rowsWithRun = ({ columns: { standing } }: FrozenRuns, from: OldRow, end: OldRow): OldRow[] => {
  const rows: OldRow[] = [];
  for (let row = from; row < end; row += 1) if (standing.get(row) !== 0) rows.push(row);
  return rows;
};

const writeRows = (writer: ByteWriter, { columns, ids }: FrozenRuns, rows: readonly OldRow[]): void => {
  const rowAt = (index: number): OldRow => rows[index] ?? 0;
  writer.byte(PIECE.rows);
  writer.varint(rows.length);
  writer.numbers(rows.length, rowAt);
  for (const name of KEPT_COLUMNS) {
    const column = columns[name];
    writer.numbers(rows.length, (index) => column.get(rowAt(index)));
  }
  const [first, ...others] = ids.words;
  if (first !== undefined) writer.numbers(rows.length, (index) => first.get(rowAt(index)));
  for (const column of others) for (const row of rows) writer.word(column.get(row));
};

/**
 * The bytes of a snapshot, piece by piece, none of which takes long: others may do something in between.
 *
 * @param log Any JSON that tells the log and the position that the state was folded from; `decodeState` gives it back.
 */
export function* encodeState({ runs, tables }: FrozenState, log: unknown): Generator<Uint8Array, void, undefined> {
  const writer = new ByteWriter();
  writer.json([SNAPSHOT_MAGIC, SNAPSHOT_VERSION, KEPT_COLUMNS, runs.size, log]);
  yield writer.take();
  for (const [name, items] of Object.entries(tables) as [string, readonly unknown[]][]) {
    for (let from = 0; from < items.length; from += TABLE_ITEMS) {
      writer.byte(PIECE.table);
      writer.json([name, items.slice(from, from + TABLE_ITEMS)]);
      yield writer.take();
    }
  }
  for (let from = 1; from < runs.end; from += PAGE_ROWS) {
    const rows = rowsWithRun(runs, from, Math.min(from + PAGE_ROWS, runs.end));
    if (rows.length > 0) writeRows(writer, runs, rows);
    yield writer.take();
  }
  writer.byte(PIECE.end);
  yield writer.take();
}
