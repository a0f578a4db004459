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

/**
 * Executes the statement for all rows, prepared once for each connection; resolves with the number of rows it touched.
 * Sent at once: the next statement can be made while Postgres works on this one.
 */
export const executeBulk = async <Row extends Readonly<Record<keyof Row, Cell>>>(
  client: PoolClient,
  { name, text, columns }: BulkStatement<Row>,
  rows: readonly Row[],
): Promise<number> => {
  if (rows.length === 0) return 0;
  const values = columns.map(([column]) => arrayLiteral(rows.map((row) => row[column])));
  const { rowCount } = await client.query({ name, text, values });
  return rowCount ?? 0;
};
