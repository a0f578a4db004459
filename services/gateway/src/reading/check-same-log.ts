import { AppError } from '@millrace/kernel';
import { type LogConnection, logContradiction, outputContradiction } from '@millrace/eventlog';
import { projectedAnchor, type Projection, type ReadModel } from '@millrace/read-model';

/**
 * Rows that were folded from another log say nothing about what this one holds, and nobody brings them up to date.
 *
 * @throws AppError `unavailable` `read_model.other_log`, or when log or Postgres are away.
 */
export type CheckSameLog = (projection: Projection, shard: number) => Promise<void>;

export interface CheckSameLogDeps {
  readonly connection: LogConnection;
  readonly readModel: ReadModel;
}

export const makeCheckSameLog =
  ({ connection, readModel }: CheckSameLogDeps): CheckSameLog =>
  async (projection, shard) => {
    const anchor = await projectedAnchor(readModel, shard, projection);
    const isRuns = projection === 'runs';
    const finding = await (isRuns
      ? logContradiction(connection, shard, anchor)
      : outputContradiction(connection, anchor, shard));
    if (finding === undefined) return;
    throw new AppError(
      'unavailable',
      'read_model.other_log',
      `the read models are of another log, and the run may exist: ${finding}. Rebuild them: millrace projector rebuild`,
    );
  };
