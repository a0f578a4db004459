import { AppError } from '@millrace/kernel';
import { ByteReader } from '../bytes/byte-reader.ts';
import { KEPT_COLUMNS, type KeptColumn } from './run-table.ts';
import { PIECE, SNAPSHOT_MAGIC, SNAPSHOT_VERSION, type SnapshotTables } from './snapshot-format.ts';
import { UUID_WORDS } from './uuid-words.ts';

export const unreadable = (finding: string, cause?: unknown): AppError =>
  new AppError('invalid', 'snapshot.unreadable', finding, { cause });

export type ReadTables = { [Name in keyof SnapshotTables]: SnapshotTables[Name][number][] };

/** Some runs. */
export interface ReadRows {
  readonly rows: Float64Array;
  readonly columns: readonly (readonly [KeptColumn, Float64Array])[];
  /** Of their ids, the first digits first. */
  readonly words: readonly Int32Array[];
}

const readHead = (reader: ByteReader): unknown => {
  const head = reader.json();
  const [magic, version, columns, log] = Array.isArray(head) ? (head as readonly unknown[]) : [];
  if (magic !== SNAPSHOT_MAGIC) throw unreadable('this is no snapshot of a scheduler');
  if (version !== SNAPSHOT_VERSION) throw unreadable(`it has version ${String(version)}, this is ${SNAPSHOT_VERSION}`);
  if (JSON.stringify(columns) !== JSON.stringify(KEPT_COLUMNS)) throw unreadable('it has other columns');
  return log;
};

const noTables = (): ReadTables => ({
  workflows: [],
  policies: [],
  keys: [],
  laneTurns: [],
  groupTurns: [],
  cycle: [],
  starts: [],
  holdings: [],
  successors: [],
  debounceKeys: [],
  debounced: [],
  fired: [],
  logMs: [],
  logBegan: [],
  otherIds: [],
});

const readTable = (reader: ByteReader, tables: ReadTables): void => {
  const [name, items] = reader.json() as readonly [keyof SnapshotTables, readonly never[]];
  for (const item of items) tables[name].push(item);
};

const readRows = (reader: ByteReader): ReadRows => {
  const count = reader.varint();
  const rows = reader.numbers(count);
  const columns = KEPT_COLUMNS.map((name) => [name, reader.numbers(count)] as const);
  const words = [Int32Array.from(reader.numbers(count))];
  while (words.length < UUID_WORDS) words.push(reader.words(count));
  return { rows, columns, words };
};

export interface SnapshotContent {
  /** What the writer said of the log. */
  readonly log: unknown;
  readonly tables: SnapshotTables;
}

/**
 * Reads a snapshot; the tables are complete before the first rows, which come in pieces because all of them would take much room.
 *
 * @throws AppError `invalid`
 */
export const readSnapshot = (
  bytes: Uint8Array,
  onRows: (rows: ReadRows, tables: SnapshotTables) => void,
): SnapshotContent => {
  const reader = new ByteReader(bytes);
  const log = readHead(reader);
  const tables = noTables();
  let read = 0;
  for (let kind = reader.byte(); kind !== PIECE.end; kind = reader.byte()) {
    if (kind === PIECE.table) readTable(reader, tables);
    else if (kind === PIECE.rows) {
      const rows = readRows(reader);
      read += rows.rows.length;
      onRows(rows, tables);
    } else throw unreadable(`a piece has the kind ${kind}`);
  }
  const count = reader.varint();
  if (read !== count || !reader.isAtEnd) throw unreadable(`it holds ${read} of ${count} runs`);
  return { log, tables };
};
