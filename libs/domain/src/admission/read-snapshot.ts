import { AppError } from '@millrace/kernel';
import { ByteReader } from '../bytes/byte-reader.ts';
import { PAGE_ROWS } from './column.ts';
import { KEPT_COLUMNS, type KeptColumn } from './run-table.ts';
import { PIECE, SNAPSHOT_MAGIC, SNAPSHOT_VERSION, type SnapshotTables } from './snapshot-format.ts';
import { UUID_WORDS, type UuidWords } from './uuid-words.ts';

export const unreadable = (finding: string, cause?: unknown): AppError =>
  new AppError('invalid', 'snapshot.unreadable', finding, { cause });

export type ReadTables = { [Name in keyof SnapshotTables]: SnapshotTables[Name][number][] };

/** Some runs. Good until the next ones are read. */
export interface ReadRows {
  readonly rows: Float64Array;
  readonly columns: readonly (readonly [KeptColumn, Float64Array])[];
  /** Of their ids, the first digits first. */
  readonly words: readonly UuidWords[];
}

interface Head {
  readonly size: number;
  readonly log: unknown;
}

const readHead = (reader: ByteReader): Head => {
  const head = reader.json();
  const [magic, version, columns, size, log] = Array.isArray(head) ? (head as readonly unknown[]) : [];
  if (magic !== SNAPSHOT_MAGIC) throw unreadable('this is no snapshot of a scheduler');
  if (version !== SNAPSHOT_VERSION) throw unreadable(`it has version ${String(version)}, this is ${SNAPSHOT_VERSION}`);
  if (JSON.stringify(columns) !== JSON.stringify(KEPT_COLUMNS)) throw unreadable('it has other columns');
  return { size: Number(size), log };
};

const noTables = (): ReadTables => ({
  workflows: [],
  policies: [],
  keys: [],
  laneTurns: [],
  groupTurns: [],
  cycles: [],
  starts: [],
  holdings: [],
  withdrawn: [],
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

/** Reads rows into the same memory each time: all of them would make as much garbage as the state takes. */
const makeRowReader = (reader: ByteReader): (() => ReadRows) => {
  const rows = new Float64Array(PAGE_ROWS);
  const columns = KEPT_COLUMNS.map((name) => [name, new Float64Array(PAGE_ROWS)] as const);
  const words = Array.from({ length: UUID_WORDS }, () => new Int32Array(PAGE_ROWS));
  return () => {
    const count = reader.varint();
    if (count > PAGE_ROWS) throw unreadable('a piece has too many runs');
    const read: ReadRows = {
      rows: rows.subarray(0, count),
      columns: columns.map(([name, values]) => [name, values.subarray(0, count)] as const),
      words: words.map((values) => values.subarray(0, count)),
    };
    reader.numbers(read.rows);
    for (const [, values] of read.columns) reader.numbers(values);
    for (const [index, values] of read.words.entries()) {
      if (index === 0) reader.numbers(values);
      else reader.words(values);
    }
    return read;
  };
};

export interface SnapshotContent {
  /** Runs that it holds. */
  readonly size: number;
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
  onRows: (rows: ReadRows, content: SnapshotContent) => void,
): SnapshotContent => {
  const reader = new ByteReader(bytes);
  const readRows = makeRowReader(reader);
  const { size, log } = readHead(reader);
  const tables = noTables();
  const content = { size, log, tables };
  let read = 0;
  for (let kind = reader.byte(); kind !== PIECE.end; kind = reader.byte()) {
    if (kind === PIECE.table) readTable(reader, tables);
    else if (kind === PIECE.rows) {
      const rows = readRows();
      read += rows.rows.length;
      onRows(rows, content);
    } else throw unreadable(`a piece has the kind ${kind}`);
  }
  if (read !== size || !reader.isAtEnd) throw unreadable(`it holds ${read} of ${size} runs`);
  return content;
};
