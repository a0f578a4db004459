/** F28: every process is ended in order and started again, one after the other, while requests come in. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FaultBed, startFaultBed } from './bed/fault-bed.ts';

const LIMIT = 8;

let bed: FaultBed;
beforeEach(async () => {
  bed = await startFaultBed({ experiment: { limit: LIMIT }, env: { MILLRACE_MAX_CONCURRENT_RUNS: String(LIMIT) } });
});
afterEach(() => bed.stop());

test('F28: a rolling restart loses nothing; whoever is refused is told when to come again, or finds nobody', async () => {
  const over = new AbortController();
  const sending = bed.send({ runs: Number.POSITIVE_INFINITY, clients: 8, signal: over.signal });
  const since = performance.now();
  const statuses = new Set<number>();
  // Waits that are under way when the gateway ends.
  const waiting = (async (): Promise<void> => {
    while (!over.signal.aborted) {
      const { status } = await bed.client.ask('witness/script', { wait: 10 });
      if (status !== undefined) statuses.add(status);
    }
  })();
  for (const name of ['gateway', 'executor', 'scheduler', 'projector', 'nats', 'postgres'] as const) {
    await bed.platform.platform.restart(name);
    await bed.untilServing(performance.now());
  }
  over.abort();
  await Promise.all([sending, waiting]);
  const seconds = (performance.now() - since) / 1_000;
  expect([...statuses].filter((status) => ![200, 202, 503].includes(status))).toEqual([]);
  await bed.conclude({ row: 'F28', seconds, recoverySeconds: await bed.untilServing(performance.now()) });
});
