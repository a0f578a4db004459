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

/** A statement with its rows, ready to be made. */
export type BulkWork = () => Bound | undefined;

interface Bound {
  readonly name: string;
  readonly text: string;
  readonly values: readonly string[];
}

/** Rows become parameters only when it is the statement's turn; no rows, no statement. */
export const bulkWork =
  <Row extends Readonly<Record<keyof Row, Cell>>>(
    { name, text, columns }: BulkStatement<Row>,
    rows: readonly Row[],
  ): BulkWork =>
  () =>
    rows.length === 0
      ? undefined
      : { name, text, values: columns.map(([column]) => arrayLiteral(rows.map((row) => row[column]))) };

const execute = async (client: PoolClient, bound: Bound | undefined): Promise<number> => {
  if (bound === undefined) return 0;
  const { rowCount } = await client.query({ ...bound, values: [...bound.values] });
  return rowCount ?? 0;
};

/**
 * Executes statements one after the other, each prepared once for its connection; resolves with the number of rows that each touched.
 * While Postgres works on one, the parameters of the next are made.
 */
export const executeBulk = async (client: PoolClient, works: readonly BulkWork[]): Promise<readonly number[]> => {
  const touched: number[] = [];
  let running: Promise<number> | undefined;
  for (const work of works) {
    const bound = work();
    if (running !== undefined) touched.push(await running);
    running = execute(client, bound);
  }
  if (running !== undefined) touched.push(await running);
  return touched;
};
