/** With three shards, each process is killed while runs of all of them go through: what must hold is what holds with one. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FaultBed, startFaultBed } from '../faults/bed/fault-bed.ts';
import { hashesAroundRebuild } from '../faults/bed/read-model.ts';

const LIMIT = 8;
const RUNS = 240;
const VICTIMS = ['gateway', 'scheduler', 'executor', 'projector', 'nats'] as const;
const PATIENT_MS = 240_000;

let bed: FaultBed;
beforeAll(async () => {
  bed = await startFaultBed({
    experiment: { limit: LIMIT },
    env: { MILLRACE_SHARDS: '3', MILLRACE_MAX_CONCURRENT_RUNS: String(LIMIT) },
  });
});
afterAll(() => bed.stop());

const killEach = async (): Promise<void> => {
  for (const victim of VICTIMS) {
    const before = bed.platform.pid(victim);
    const since = performance.now();
    await bed.platform.kill(victim);
    await bed.platform.untilRestarted(victim, before);
    await bed.untilServing(since);
  }
};

test(
  'SIGKILL of every process in turn loses no run, runs no attempt twice, and a rebuild gives the same rows',
  { timeout: PATIENT_MS },
  async () => {
    let killing: Promise<void> | undefined;
    await bed.send({
      runs: RUNS,
      onAcknowledged: (count) => {
        if (count >= RUNS / 8) killing ??= killEach();
      },
    });
    await killing;
    await bed.conclude({ row: 'shards', kills: VICTIMS.length });
    const [folded, rebuilt] = await hashesAroundRebuild(bed.platform);
    expect(rebuilt).toEqual(folded);
  },
);
