import { DEFAULT_SHARD } from '@millrace/contracts';
import { type ReadModel } from './connect.ts';
import { translateError } from './errors.ts';

/**
 * `runs` follows the log into `run` and `run_event`, `output` the stream `LOGS` into `run_output`, `requests` the stream `REQUESTS` into
 * `inbox_request`.
 */
export type Projection = 'runs' | 'output' | 'requests';

/** What is projected of a shard: requests that started no run are all in the first. */
export const projectionsOf = (shard: number): readonly Projection[] =>
  shard === DEFAULT_SHARD ? ['runs', 'output', 'requests'] : ['runs', 'output'];

/** Where a projection stands, and what its stream is known by there. */
export interface ProjectedAnchor {
  /** Sequence of the last message whose content is all in the tables; 0 before the first. */
  readonly sequence: number;
  /** When the stream stored that message, milliseconds since the epoch; `undefined` when that was not kept. */
  readonly storedAt: number | undefined;
}

/** @throws AppError `unavailable` when Postgres is away. */
export const projectedAnchor = async (
  readModel: ReadModel,
  shard: number,
  projection: Projection = 'runs',
): Promise<ProjectedAnchor> => {
  const row = await translateError(async () =>
    readModel.db
      .selectFrom('projection_position')
      .select(['sequence', 'stored_at'])
      .where('projection', '=', projection)
      .where('shard', '=', shard)
      .executeTakeFirst(),
  );
  return { sequence: row?.sequence ?? 0, storedAt: row?.stored_at ?? undefined };
};

/**
 * Sequence of the last message whose events are all in the tables; 0 before the first.
 *
 * @throws AppError `unavailable` when Postgres is away.
 */
export const projectedPosition = async (
  readModel: ReadModel,
  shard: number,
  projection: Projection = 'runs',
): Promise<number> => (await projectedAnchor(readModel, shard, projection)).sequence;
