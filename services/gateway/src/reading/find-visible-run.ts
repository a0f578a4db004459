import { AppError, invariant } from '@millrace/kernel';
import { maySeeRun } from '@millrace/domain';
import { isRunId, type Ring, shardsOfRun } from '@millrace/contracts';
import { type LogConnection, logBounds } from '@millrace/eventlog';
import { findRun, type ReadModel, type RunRow } from '@millrace/read-model';
import { type Principal } from '../auth/access.ts';
import { READ_YOUR_WRITES_MS } from '../limits.ts';
import { isOver } from '../views/run-views.ts';
import { type EndedRuns } from '../waiting/ended-runs.ts';
import { makeCheckSameLog } from './check-same-log.ts';
import { type ProjectionWatch } from './projection-watch.ts';
import { type Reveal, type VisibleRun } from './reveal.ts';

/**
 * Finds a run that the caller may see. Read your writes: a run that was acknowledged is never "not found".
 *
 * @throws AppError `not_found` `run.not_found`: no such run, or none of the caller's business, which looks the same;
 * `unavailable` `read_model.behind`, `read_model.other_log` or `read_model.unavailable` when that cannot be known now.
 */
export type FindVisibleRun = (principal: Principal, id: string) => Promise<VisibleRun>;

export interface FindVisibleRunDeps {
  readonly connection: LogConnection;
  readonly readModel: ReadModel;
  /** By shard, of every log that there is. */
  readonly watches: readonly ProjectionWatch[];
  readonly ended: EndedRuns;
  readonly reveal: Pick<Reveal, 'run'>;
  readonly ring: Ring;
}

const notFound = (): AppError => new AppError('not_found', 'run.not_found', 'there is no such run');
const behind = (): AppError =>
  new AppError('unavailable', 'read_model.behind', 'the read models are behind the log; the run may exist', {
    retryAfterSeconds: 1,
  });

export const makeFindVisibleRun = (deps: FindVisibleRunDeps): FindVisibleRun => {
  const { connection, readModel, watches, ended, reveal, ring } = deps;
  const checkSameLog = makeCheckSameLog(deps);

  /** Whether everything that a log holds now is in the read model. */
  const passesEnd = async (shard: number): Promise<boolean> => {
    const watch = watches[shard];
    invariant(watch, 'every log is watched');
    const { last } = await logBounds(connection, shard);
    return watch.passes('runs', last, READ_YOUR_WRITES_MS);
  };

  /** No row yet: only what the logs that may hold it held just now can still become one. */
  const findBehind = async (id: string): Promise<RunRow | undefined> => {
    const shards = shardsOfRun(id, ring);
    const passed = await Promise.all(shards.map(passesEnd));
    const row = await findRun(readModel, id);
    if (row !== undefined) return row;
    for (const shard of shards) await checkSameLog('runs', shard);
    if (!passed.every(Boolean)) throw behind();
    return undefined;
  };

  /** Somebody was told how the run ended: nobody is told after it that it still runs, unless the log itself says so. */
  const untilOver = async (row: RunRow | undefined): Promise<RunRow | undefined> => {
    if (row === undefined || !ended.has(row.id)) return row;
    let latest: RunRow | undefined = row;
    if (!isOver(row)) {
      if (!(await passesEnd(row.shard))) {
        await checkSameLog('runs', row.shard);
        throw behind();
      }
      latest = await findRun(readModel, row.id);
    }
    ended.forget(row.id);
    return latest;
  };

  return async (principal, id) => {
    if (!isRunId(id)) throw notFound();
    const row = await untilOver((await findRun(readModel, id)) ?? (await findBehind(id)));
    if (row === undefined || !maySeeRun(principal, row)) throw notFound();
    return reveal.run(row);
  };
};
