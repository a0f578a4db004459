import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';
import { KINDS } from './perform.mjs';

/** What its page on performance recommends. */
const TUNED = {
  concurrentJobs: 24,
  maxPoolSize: 25,
  localQueue: { size: 500 },
  completeJobBatchDelay: 0,
  failJobBatchDelay: 0,
};
const FRONT_POOL_MAX = 25;
const logger = new Logger(() => () => undefined);

/** Workers are woken by NOTIFY on insert, as graphile-worker does it by itself; ended jobs are deleted, as it does, too. */
export const open = async ({ settings, roles, perform }) => {
  const preset = { worker: { connectionString: settings.databaseUrl, ...TUNED } };
  const taskList = Object.fromEntries(KINDS.map((kind) => [kind, (payload) => perform(kind, payload)]));
  const runner = roles.includes('worker') ? await run({ preset, taskList, logger, noHandleSignals: true }) : undefined;
  if (!roles.includes('front')) return { close: () => runner?.stop() };

  const pgPool = new pg.Pool({ connectionString: settings.databaseUrl, max: FRONT_POOL_MAX });
  const utils = await makeWorkerUtils({ pgPool, logger });
  return {
    enqueue: async (kind, input) => (await utils.addJob(kind, input)).id,
    countOpen: async (kind) => {
      const { rows } = await pgPool.query(
        'SELECT count(*) AS open FROM graphile_worker.jobs WHERE task_identifier = $1',
        [kind],
      );
      return Number(rows[0].open);
    },
    dropHeld: async () => {
      await pgPool.query(
        "DELETE FROM graphile_worker._private_jobs WHERE task_id = (SELECT id FROM graphile_worker._private_tasks WHERE identifier = 'held')",
      );
      await pgPool.query('VACUUM ANALYZE graphile_worker._private_jobs');
      return true;
    },
    close: async () => {
      await runner?.stop();
      await utils.release();
      await pgPool.end();
    },
  };
};
