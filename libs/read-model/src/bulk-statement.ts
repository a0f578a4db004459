import { type PoolClient } from 'pg';
import { arrayLiteral, type Cell } from './array-literal.ts';

/** Columns of a bulk statement with their Postgres types, in the order of its parameters. */
export type BulkColumns<Row> = readonly (readonly [name: keyof Row & string, type: string])[];

export interface BulkStatement<Row> {
  /** Name of the prepared statement; one text each. */
  readonly name: string;
  readonly text: string;
  readonly columns: BulkColumns<Row>;
}

/** `unnest($1::uuid[], $2::text[], …) as new(id, state, …)` */
export const unnestOf = <Row>(columns: BulkColumns<Row>): string =>
  `unnest(${columns.map(([, type], index) => `$${index + 1}::${type}[]`).join(', ')}) as new(${columns.map(([name]) => `"${name}"`).join(', ')})`;

/** Bounds of one statement: beyond this, parameters gain nothing and only hold memory. */
const ROWS_MAX = 4_000;
const TEXT_MAX = 8 * 1024 * 1024;

const textLength = (row: object): number => {
  let length = 0;
  for (const cell of Object.values(row) as unknown[]) if (typeof cell === 'string') length += cell.length;
  return length;
};

/** Consecutive parts of the rows, each within the bounds of one statement; a single row may exceed them. */
export function* partsOf<Row extends object>(rows: readonly Row[]): Generator<readonly Row[]> {
  let begin = 0;
  let length = 0;
  for (const [index, row] of rows.entries()) {
    const added = textLength(row);
    if (index > begin && (index - begin === ROWS_MAX || length + added > TEXT_MAX)) {
      yield rows.slice(begin, index);
      begin = index;
      length = 0;
    }
    length += added;
  }
  if (begin < rows.length) yield rows.slice(begin);
}

/** Executes the statement for all rows, prepared once for each connection; resolves with the number of rows it touched. */
export const executeBulk = async <Row extends Readonly<Record<keyof Row, Cell>>>(
  client: PoolClient,
  { name, text, columns }: BulkStatement<Row>,
  rows: readonly Row[],
): Promise<number> => {
  let touched = 0;
  for (const part of partsOf(rows)) {
    const values = columns.map(([column]) => arrayLiteral(part.map((row) => row[column])));
    const result = await client.query({ name, text, values });
    touched += result.rowCount ?? 0;
  }
  return touched;
};
