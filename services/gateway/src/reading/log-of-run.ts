import { type Ring, shardsOfRun, writtenShard } from '@millrace/contracts';
import { findShard, type ReadModel } from '@millrace/read-model';

/**
 * The shard in whose log a run is. Its id tells it, unless the number of shards changed since: then its row does.
 *
 * @throws AppError `unavailable` when Postgres is away and has to be asked.
 */
export type LogOfRun = (runId: string) => Promise<number>;

export interface LogOfRunDeps {
  readonly readModel: ReadModel;
  readonly ring: Ring;
}

export const makeLogOfRun =
  ({ readModel, ring }: LogOfRunDeps): LogOfRun =>
  async (runId) => {
    const [first, ...others] = shardsOfRun(runId, ring);
    if (first !== undefined && others.length === 0) return first;
    return (await findShard(readModel, runId)) ?? writtenShard(runId, ring.shards);
  };
