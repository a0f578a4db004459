import { DBOS } from '@dbos-inc/dbos-sdk';
import pg from 'pg';

const POOL_MAX = 25;

/** A workflow runs in the process that takes the request, as DBOS does it; `held` goes to a queue that nobody works on. */
export const open = async ({ settings, perform }) => {
  const job = DBOS.registerWorkflow((kind, input) => perform(kind, input), { name: 'job' });
  DBOS.setConfig({
    name: 'bench',
    systemDatabaseUrl: settings.databaseUrl,
    systemDatabasePoolSize: POOL_MAX,
    logLevel: 'error',
    listenQueues: ['nobody'],
  });
  await DBOS.launch();
  await DBOS.registerQueue('held');
  const pool = new pg.Pool({ connectionString: settings.databaseUrl, max: 2 });
  const start = (kind, input) => DBOS.startWorkflow(job, kind === 'held' ? { queueName: 'held' } : {})(kind, input);
  return {
    enqueue: async (kind, input) => (await start(kind, input)).workflowID,
    run: async (kind, input) => (await start(kind, input)).getResult(),
    countOpen: async () => {
      const { rows } = await pool.query("SELECT count(*) AS open FROM dbos.workflow_status WHERE status = 'PENDING'");
      return Number(rows[0].open);
    },
    dropHeld: async () => {
      await pool.query("DELETE FROM dbos.workflow_status WHERE status = 'ENQUEUED'");
      await pool.query('VACUUM ANALYZE dbos.workflow_status');
      return true;
    },
    close: async () => {
      await pool.end();
      await DBOS.shutdown();
    },
  };
};
