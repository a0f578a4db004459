/**
 * A power cut without special hardware, in each of the ways that this machine allows. Every run that was acknowledged before it
 * must be there afterwards, and end. With relaxed durability the same test must fail: it bites.
 *
 * `MILLRACE_TEST_POWER_CUT` = `loop mount` or `strace` asks for one of them, and is an error where it cannot be done.
 */
import { type TestPlatform } from '@millrace/testkit';
import { afterEach, describe, expect, test } from 'vitest';
import { startRun } from '../../e2e/runs.ts';
import { recordRow } from '../bed/record.ts';
import { IS_WHOLE } from '../bed/selection.ts';
import { untilAllCompleted } from '../settled.ts';
import { readRequestedRuns } from '../requested-runs.ts';
import { loopMount } from './loop-mount.ts';
import { type AfterPowerCut, type PowerCut } from './power-cut.ts';
import { strace } from './strace.ts';

const RUNS = 200;
const CLIENTS = 8;

const load = async ({ http }: TestPlatform): Promise<readonly string[]> => {
  const acknowledged: string[] = [];
  const client = async (): Promise<void> => {
    while (acknowledged.length < RUNS) acknowledged.push(await startRun(http, 'tests/slow'));
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return acknowledged;
};

const cutPower = (method: PowerCut, durability: string): Promise<AfterPowerCut> =>
  method.cut({
    env: { MILLRACE_DURABILITY: durability },
    workflows: { 'tests/slow.sh': '#!/bin/sh\nsleep 0.2\n' },
    load,
  });

const lostOf = async ({ acknowledged, survivors }: AfterPowerCut): Promise<readonly string[]> => {
  expect(acknowledged.length).toBeGreaterThanOrEqual(RUNS);
  const found = await readRequestedRuns(survivors.natsUrl);
  return acknowledged.filter((id) => !found.has(id));
};

const METHODS = [loopMount, strace];
const wanted = process.env['MILLRACE_TEST_POWER_CUT'] ?? '';
if (wanted !== '' && !METHODS.some(({ name }) => name === wanted)) {
  throw new Error(`MILLRACE_TEST_POWER_CUT is one of: ${METHODS.map(({ name }) => name).join(', ')}`);
}

let ways = 0;
for (const method of METHODS.filter(({ name }) => wanted === '' || name === wanted)) {
  // One way is enough for `npm test`.
  if (!IS_WHOLE && ways > 0) continue;
  const reason = await method.whyNot();
  if (reason === undefined) ways += 1;
  if (reason !== undefined && wanted !== '') throw new Error(`no power cut by ${method.name} here: ${reason}`);
  if (reason !== undefined) process.stderr.write(`SKIPPED: power cut by ${method.name}: ${reason}\n`);

  describe.skipIf(reason !== undefined)(
    `power cut by ${method.name}${reason === undefined ? '' : ` (${reason})`}`,
    () => {
      afterEach(method.cleanUp);

      test('loses no acknowledged run under strict durability, and finishes them all', async () => {
        const after = await cutPower(method, 'strict');
        try {
          const lost = await lostOf(after);
          expect(lost).toEqual([]);
          await untilAllCompleted(after.survivors, after.acknowledged, 120_000);
          const acknowledged = after.acknowledged.length;
          recordRow(after.survivors, { row: 'F8', test: method.name, acknowledged, finished: acknowledged, lost: 0 });
        } finally {
          await after.survivors.stop();
        }
      });

      test('loses acknowledged runs under relaxed durability: the control', async () => {
        const after = await cutPower(method, 'relaxed');
        try {
          const lost = (await lostOf(after)).length;
          expect(lost).toBeGreaterThan(0);
          const acknowledged = after.acknowledged.length;
          const control = { row: 'F8', test: `${method.name}, relaxed: the control`, acknowledged, lost };
          recordRow(after.survivors, control, 'relaxed');
        } finally {
          await after.survivors.stop();
        }
      });
    },
  );
}
