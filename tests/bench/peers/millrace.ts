import pg from 'pg';
import { type Platform } from '../platform.ts';
import { type Contender, triggerToStartByWait, type Target } from './contender.ts';

const countEnded = async (client: pg.Client, workflow: string): Promise<number> => {
  const { rows } = await client.query<{ ended: string }>(
    "SELECT count(*) AS ended FROM millrace.run WHERE workflow = $1 AND state = 'completed'",
    [workflow],
  );
  return Number(rows[0]?.ended ?? 0);
};

const hasOpenRun = async (client: pg.Client, workflow: string): Promise<boolean> => {
  const { rows } = await client.query<{ open: boolean }>(
    "SELECT EXISTS (SELECT FROM millrace.run WHERE workflow = $1 AND state <> 'completed') AS open",
    [workflow],
  );
  return rows[0]?.open !== false;
};

/** Ourselves: the whole product, strict durability, read models and public events on; a run has ended when Postgres shows it. */
export const makeMillrace = async (platform: Platform, version: string): Promise<Contender> => {
  const client = new pg.Client({ connectionString: platform.databaseUrl });
  await client.connect();
  const headers = {
    authorization: `Bearer ${platform.token}`,
    'x-workflow-client': 'bench',
    'content-type': 'application/json',
  };
  const target = (path: string): Target => ({ url: platform.url, path, headers, body: '{"input":{"n":1}}' });
  return {
    name: 'Millrace',
    version,
    durability: 'kill and power cut: kept (durability strict)',
    isDurable: true,
    front: 'its own gateway: token, workflow, limits',
    accept: (kind) => target(`/run/bench/${kind}`),
    wait: (kind) => target(`/run/bench/${kind}?wait=20`),
    haveEnded: async (kind, acceptedInAll) => {
      // Counted only once nothing is open: a count reads the whole table, and would be measured with the product.
      if (await hasOpenRun(client, `bench/${kind}`)) return false;
      return (await countEnded(client, `bench/${kind}`)) >= acceptedInAll;
    },
    triggerToStart: () =>
      triggerToStartByWait(
        target('/run/bench/clock?wait=20'),
        (answer) => (answer as { output: { startedAt: number } }).output.startedAt,
      ),
    dropHeld: async () => undefined, // they stay, to our disadvantage: what was accepted is executed some day
    pids: () => Object.values(platform.pids),
    stop: async () => {
      await client.end();
      await platform.stop();
    },
  };
};
