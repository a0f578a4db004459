/** F27: the limit holds while scheduler and executor die at full load, and all of it can be used again afterwards. */
import { eventually } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { liveGroups } from '../e2e/live-groups.ts';
import { type FaultBed, startFaultBed } from './bed/fault-bed.ts';
import { sized } from './bed/selection.ts';

const LIMIT = 4;
/** Stands in the command line of each run's process and nowhere else on the machine. */
const MARKER = `millrace-census-${process.pid}`;

let bed: FaultBed;
beforeAll(async () => {
  bed = await startFaultBed({
    experiment: { limit: LIMIT },
    env: { MILLRACE_MAX_CONCURRENT_RUNS: String(LIMIT) },
    workflows: { 'census/slow.sh': `#!/bin/sh\nexec sh -c 'sleep 0.4; : ${MARKER}'\n` },
  });
});
afterAll(() => bed.stop());

test(`F27: never more than ${LIMIT} live processes, whoever dies, and ${LIMIT} again once that is over`, async () => {
  const runs = sized(120, 400);
  const { recorder, platform, client } = bed;
  let isOver = false;
  const census = async (): Promise<void> => {
    while (!isOver) {
      recorder.saw('census', { at: Date.now(), live: liveGroups(MARKER).length });
      await new Promise((resolve) => setTimeout(resolve, 20)); // how often is looked
    }
  };
  const counting = census();
  const ids = await Promise.all(Array.from({ length: runs }, () => client.start('census/slow')));
  const full = (): void => expect(liveGroups(MARKER).length).toBe(LIMIT);
  await eventually(full);
  const since = performance.now();
  for (const victim of ['scheduler', 'executor', 'scheduler'] as const) {
    const before = platform.pid(victim);
    await platform.kill(victim);
    await platform.untilRestarted(victim, before);
  }
  await eventually(full, { timeoutMs: 60_000 });
  const recoverySeconds = (performance.now() - since) / 1_000;
  await bed.untilOver(ids);
  isOver = true;
  await counting;
  const { liveMax } = await bed.conclude({ row: 'F27', recoverySeconds });
  expect(liveMax).toBe(LIMIT);
});
