/**
 * F1–F4, F6, F9: each process of the platform is killed with SIGKILL while runs go through it. What must hold afterwards, whatever was
 * killed: nothing acknowledged is lost, no attempt ran twice, each run has one terminal event, and a rebuild gives the same rows.
 */
import { type TestPlatform } from '@millrace/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FaultBed, startFaultBed } from './bed/fault-bed.ts';
import { hashesAroundRebuild } from './bed/read-model.ts';
import { sized } from './bed/selection.ts';
import { liveWitnesses } from './process-tree.ts';

const LIMIT = 8;
type Victim = Parameters<TestPlatform['kill']>[0];

let bed: FaultBed;
beforeEach(async () => {
  bed = await startFaultBed({ experiment: { limit: LIMIT }, env: { MILLRACE_MAX_CONCURRENT_RUNS: String(LIMIT) } });
});
afterEach(() => bed.stop());

/** Kills it as often as said, each time a little after it is back; seconds until it served again, the longest. */
const killOften = async (victim: Victim, times: number): Promise<number> => {
  let slowest = 0;
  for (let count = 0; count < times; count += 1) {
    const before = bed.platform.pid(victim);
    const since = performance.now();
    await bed.platform.kill(victim);
    if (victim === 'executor') expect(await liveWitnesses(bed.platform.home)).toEqual([]);
    await bed.platform.untilRestarted(victim, before);
    slowest = Math.max(slowest, await bed.untilServing(since));
    await delay(300 * bed.random());
  }
  return slowest;
};

const KILLS: readonly (readonly [row: string, victim: Victim, times: number])[] = [
  ['F1', 'gateway', sized(3, 20)],
  ['F2', 'scheduler', sized(1, 5)],
  ['F3', 'executor', sized(1, 3)],
  ['F4', 'projector', sized(1, 5)],
  ['F6', 'nats', sized(2, 10)],
  ['F9', 'postgres', sized(1, 3)],
];

describe.each(KILLS)('%s: SIGKILL of %s', (row, victim, times) => {
  const runs = sized(300, 2_000);

  test(`${times} times loses none of ${runs} acknowledged runs and runs no attempt twice`, async () => {
    const killAfter = Math.floor(runs * (0.1 + 0.3 * bed.random()));
    let killing: Promise<number> | undefined;
    await bed.send({
      runs,
      onAcknowledged: (count) => {
        if (count >= killAfter) killing ??= killOften(victim, times);
      },
    });
    const recoverySeconds = (await killing) ?? 0;
    await bed.conclude({ row, kills: times, recoverySeconds });
    const [folded, rebuilt] = await hashesAroundRebuild(bed.platform);
    expect(rebuilt).toEqual(folded);
  });
});
