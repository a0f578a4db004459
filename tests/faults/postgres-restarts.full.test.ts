/** F9: every way in which Postgres goes away and comes back, and connections that end in the middle of a transaction. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FaultBed, startFaultBed } from './bed/fault-bed.ts';
import { hashesAroundRebuild, withDatabase } from './bed/read-model.ts';

const LIMIT = 8;

let bed: FaultBed;
beforeEach(async () => {
  bed = await startFaultBed({ experiment: { limit: LIMIT }, env: { MILLRACE_MAX_CONCURRENT_RUNS: String(LIMIT) } });
});
afterEach(() => bed.stop());

/** What `pg_ctl stop` sends in each of its modes. */
const MODES = [
  ['fast', 'SIGINT'],
  ['immediate', 'SIGQUIT'],
] as const;

const whileSending = async (fault: () => Promise<number>): Promise<number> => {
  const over = new AbortController();
  const sending = bed.send({ runs: Number.POSITIVE_INFINITY, clients: 4, signal: over.signal });
  try {
    return await fault();
  } finally {
    over.abort();
    await sending;
  }
};

const conclude = async (name: string, recoverySeconds: number): Promise<void> => {
  const { platform } = bed;
  await bed.conclude({ row: 'F9', test: name, recoverySeconds });
  const [folded, rebuilt] = await hashesAroundRebuild(platform);
  expect(rebuilt).toEqual(folded);
};

test.each(MODES)(
  'F9: Postgres shut down in the mode %s is used again without a restart of any service',
  async (mode, signal) => {
    const { platform } = bed;
    const { gateway, projector } = platform.platform.pids();
    const recoverySeconds = await whileSending(async () => {
      const before = platform.pid('postgres');
      const since = performance.now();
      platform.signal('postgres', signal);
      await platform.untilRestarted('postgres', before);
      const runId = await bed.client.start('witness/module');
      await bed.untilOver([runId]);
      return (performance.now() - since) / 1_000;
    });
    expect(platform.platform.pids()).toMatchObject({ gateway, projector });
    await conclude(mode, recoverySeconds);
  },
);

test('F9: connections that are ended again and again, whatever they do just then', async () => {
  const { platform } = bed;
  const recoverySeconds = await whileSending(async () => {
    for (let count = 0; count < 20; count += 1) {
      await withDatabase(platform, (client) =>
        client.query(
          'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()',
        ),
      );
      await delay(500 * bed.random());
    }
    const since = performance.now();
    await bed.untilOver([await bed.client.start('witness/module')]);
    return (performance.now() - since) / 1_000;
  });
  await conclude('connections ended', recoverySeconds);
});
