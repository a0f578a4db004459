import { PgBoss } from 'pg-boss';
import { KINDS } from './perform.mjs';

const BATCH = 100;
const POOL_MAX = 25;
/** The least that it allows; NOTIFY wakes workers long before. */
const POLLING_SECONDS = 0.5;

/** Workers are woken by LISTEN/NOTIFY (`notify`, `useListenNotify`); what has ended is kept, as pg-boss does by default. */
export const open = async ({ settings, roles, perform }) => {
  const isWorker = roles.includes('worker');
  const boss = new PgBoss({
    connectionString: settings.databaseUrl,
    max: POOL_MAX,
    schedule: false,
    useListenNotify: isWorker,
  });
  boss.on('error', (error) => console.error(error));
  await boss.start();
  if (isWorker) {
    for (const kind of [...KINDS, 'held']) await boss.createQueue(kind, { notify: true });
    const options = { batchSize: BATCH, pollingIntervalSeconds: POLLING_SECONDS };
    for (const kind of KINDS) {
      await boss.work(kind, options, (jobs) => Promise.all(jobs.map((job) => perform(kind, job.data))));
    }
  }
  const query = (text, values) => boss.getDb().executeSql(text, values);
  return {
    enqueue: (kind, input) => boss.send(kind, input),
    countOpen: async (kind) => {
      const { rows } = await query("SELECT count(*) AS open FROM pgboss.job WHERE name = $1 AND state < 'completed'", [
        kind,
      ]);
      return Number(rows[0].open);
    },
    dropHeld: async () => {
      await query("DELETE FROM pgboss.job WHERE name = 'held'");
      return true;
    },
    close: () => boss.stop({ graceful: false }),
  };
};
