import { failpoint } from '@millrace/kernel';
import { type PoolClient } from 'pg';
import { type ReadModel } from './connect.ts';
import { translateError } from './errors.ts';
import { type Projection } from './projected-position.ts';

/** From where to where a batch moves a projection. */
export interface PositionMove {
  readonly projection: Projection;
  readonly shard: number;
  /** Where the projection must stand: what the batch was folded from. 0 before the first. */
  readonly from: number;
  readonly to: number;
  /** When the stream stored the message at `to`, milliseconds since the epoch. */
  readonly storedAt: number | undefined;
}

/** `moved`: the projection stood elsewhere, because another process or a rebuild moved it. Nothing was written. */
export type MoveOutcome = 'written' | 'moved';

/**
 * The position moves in the transaction of the rows, so a crash can lose the newest transactions and still leave both in agreement: the
 * projector then folds them again from the log. That is why it need not wait for the disk. One plan serves every batch: planning anew would
 * look at each of thousands of values. Made while the tables are empty, it would read them whole, and go on to do so as they grow, until
 * Postgres gathers statistics a minute later: so it may not.
 */
const BEGIN = [
  'begin',
  'set local synchronous_commit = off',
  'set local plan_cache_mode = force_generic_plan',
  'set local enable_seqscan = off',
].join('; ');

const movePosition = async (client: PoolClient, schema: string, move: PositionMove): Promise<boolean> => {
  const { projection, shard, from, to, storedAt } = move;
  const table = `"${schema}".projection_position`;
  const first = `insert into ${table} as position (projection, shard, sequence, stored_at) values ($1, $2, $3, $5)
    on conflict (projection, shard) do update set sequence = excluded.sequence, stored_at = excluded.stored_at
    where position.sequence = $4`;
  const next = `update ${table} set sequence = $3, stored_at = $5 where projection = $1 and shard = $2 and sequence = $4`;
  const { rowCount } = await client.query({
    name: `${schema}:position:${from === 0 ? 'first' : 'next'}`,
    text: from === 0 ? first : next,
    values: [projection, shard, to, from, storedAt ?? null],
  });
  return rowCount === 1;
};

const settle = async (client: PoolClient, outcome: 'commit' | 'rollback'): Promise<void> => {
  await client.query(outcome);
};

/** A connection in the middle of a transaction that failed is thrown away; Postgres rolls back when it closes. */
const withClient = async <Result>(
  readModel: ReadModel,
  use: (client: PoolClient) => Promise<Result>,
): Promise<Result> => {
  const client = await readModel.pool.connect();
  let failed = true;
  try {
    const result = await use(client);
    failed = false;
    return result;
  } finally {
    client.release(failed);
  }
};

/**
 * Writes rows and moves the position, both or neither. The position goes first: its row lock makes a second projector wait, and then find
 * that it stands elsewhere. `write` says whether to commit.
 *
 * @throws AppError `unavailable` when Postgres is away; whether the batch was written then shows in the position.
 */
export const inProjectionTransaction = async (
  readModel: ReadModel,
  schema: string,
  move: PositionMove,
  write: (client: PoolClient) => Promise<boolean>,
): Promise<MoveOutcome | 'refused'> =>
  translateError(async () =>
    withClient(readModel, async (client) => {
      await client.query(BEGIN);
      const moved = await movePosition(client, schema, move);
      const written = moved && (await write(client));
      if (written) failpoint('projector.in-transaction');
      await settle(client, written ? 'commit' : 'rollback');
      if (written) return 'written';
      return moved ? 'refused' : 'moved';
    }),
  );
