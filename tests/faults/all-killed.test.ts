/** F7: everything is killed at the same moment, nats-server and Postgres too, and started again from what is on disk. */
import { startTestPlatform } from '@millrace/testkit';
import { afterEach, beforeEach, test } from 'vitest';
import { type FaultBed, startFaultBed } from './bed/fault-bed.ts';
import { sized } from './bed/selection.ts';

const LIMIT = 8;
const env = { MILLRACE_MAX_CONCURRENT_RUNS: String(LIMIT) };

let bed: FaultBed;
beforeEach(async () => {
  bed = await startFaultBed({ experiment: { limit: LIMIT }, env });
});
afterEach(() => bed.stop());

test('F7: everything killed at once loses nothing, and a cold start finishes every run', async () => {
  const runs = sized(200, 2_000);
  const { promise: half, resolve } = Promise.withResolvers<number>();
  const sending = bed.send({
    runs,
    onAcknowledged: (count) => {
      if (count < runs / 2) return;
      bed.platform.platform.kill();
      resolve(performance.now());
    },
  });
  // Clients of a server that is gone give up; what they were told before holds.
  const over = sending.catch(() => undefined);
  const since = await half;
  const { home } = bed.platform;
  await bed.platform.stop();
  await bed.restart(() => startTestPlatform({ home, env }));
  await over;
  const recoverySeconds = await bed.untilServing(since);
  await bed.conclude({ row: 'F7', recoverySeconds });
});
