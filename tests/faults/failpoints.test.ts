/** F1–F5 at their sharpest: a process dies in every gap between two of its side effects that has a name. */
import { type Failpoint, FAILPOINTS } from '@millrace/kernel';
import { eventually } from '@millrace/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FaultBed, startFaultBed } from './bed/fault-bed.ts';
import { ALLOW_LOOPBACK, type Receiver, startReceiver } from './bed/receiver.ts';
import { hashesAroundRebuild } from './bed/read-model.ts';
import { sized } from './bed/selection.ts';

/** Of executors that die one after the other, each keeps its slots until it is given up. */
const [LIMIT, SLOTS] = [64, 8];
const NAMES = Object.keys(FAILPOINTS) as Failpoint[];
/** Reached only when an attempt was lost: behind all others, when executors have died. */
const LAST: Failpoint = 'scheduler.after-decision';

let bed: FaultBed;
let receiver: Receiver;
beforeEach(async () => {
  bed = await startFaultBed({
    experiment: { limit: LIMIT, endpoints: ['ends'] },
    env: { MILLRACE_MAX_CONCURRENT_RUNS: String(LIMIT), MILLRACE_SLOTS: String(SLOTS), ...ALLOW_LOOPBACK },
  });
  receiver = await startReceiver(bed, { endpoint: 'ends' });
});
afterEach(async () => {
  await bed.stop();
  await receiver.close();
});

test(`F2: a process dies in each of ${NAMES.length} gaps, and nothing is lost, doubled or told wrongly`, async () => {
  const since = performance.now();
  const all = new AbortController();
  for (const name of NAMES) bed.arm(name, 'kill');
  // The lease is taken once for each start: a first death of the scheduler leads to the second.
  const sending = bed.send({ runs: sized(2_000, 10_000), signal: all.signal });
  const unfired = (): readonly string[] => NAMES.filter((name) => !bed.hasFired(name));
  // Requests without a key are a way of their own, and have nobody who repeats them.
  const withoutKey = async (): Promise<void> => {
    while (!bed.hasFired('gateway.after-commit') || !bed.hasFired('gateway.before-commit')) {
      await bed.platform.http.post('/run/witness/script', { body: {} }).catch(() => undefined);
    }
  };
  try {
    await Promise.all([
      withoutKey(),
      eventually(() => expect(unfired()).toEqual([]), { timeoutMs: 120_000, intervalMs: 100 }),
    ]);
  } finally {
    all.abort();
  }
  await sending;
  expect(bed.hasFired(LAST)).toBe(true);
  const recoverySeconds = await bed.untilServing(since);
  await bed.conclude({ row: 'F2', test: 'failpoints', failpoints: NAMES.length, recoverySeconds });
  const [folded, rebuilt] = await hashesAroundRebuild(bed.platform);
  expect(rebuilt).toEqual(folded);
});
