/**
 * Each process of the platform is killed with SIGKILL while runs go through it. What must hold afterwards, whatever was killed:
 * nothing acknowledged is lost, no attempt ran twice, each run has one terminal event, and a rebuild gives the same rows.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually, startTestPlatform, type TestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkPublicEvents, checkWitness, hashTables, untilAllCompleted } from './checker.ts';
import { chooseSeed, makeRandom } from './random.ts';
import { sendRuns, WITNESS_WORKFLOWS } from './workload.ts';

const RUNS = 300;
const CLIENTS = 16;
/** A lost executor is declared after 15 s, a new leader waits as long again. */
const RECOVERY_MS = 90_000;

const random = makeRandom(chooseSeed());
let platform: TestPlatform;

beforeAll(async () => {
  platform = await startTestPlatform({ workflows: WITNESS_WORKFLOWS, env: { MILLRACE_MAX_CONCURRENT_RUNS: '8' } });
});
afterAll(() => platform.stop());

const rebuild = async (): Promise<void> => {
  const entry = join(import.meta.dirname, '../../services/projector/src/rebuild/main.ts');
  await promisify(execFile)(process.execPath, ['--conditions=@millrace/source', entry], {
    env: { PATH: process.env['PATH'], NATS_URL: platform.natsUrl, DATABASE_URL: platform.databaseUrl },
  });
};

/** The read model once two looks in a row agree: nothing is being folded any more. */
const settledHash = (): Promise<Record<string, string>> => {
  let before: Record<string, string> = {};
  return eventually(
    async () => {
      const now = await hashTables(platform);
      const isSettled = JSON.stringify(now) === JSON.stringify(before);
      before = now;
      if (!isSettled) throw new Error('the read model still moves');
      return now;
    },
    { timeoutMs: 30_000, intervalMs: 500 },
  );
};

describe.each(['gateway', 'scheduler', 'executor', 'projector', 'nats', 'postgres'] as const)(
  'SIGKILL of %s',
  (victim) => {
    test(`loses none of ${RUNS} acknowledged runs and runs no attempt twice`, async () => {
      const witness = join(platform.home, `witness-${victim}`);
      const killAfter = Math.floor(RUNS * (0.2 + 0.4 * random()));
      const before = platform.pid(victim);
      let killed: Promise<void> | undefined;
      const acknowledged = await sendRuns(platform, {
        runs: RUNS,
        clients: CLIENTS,
        witness,
        onAcknowledged: (count) => {
          if (count === killAfter) killed = platform.kill(victim);
        },
      });
      await killed;
      await platform.untilRestarted(victim, before);

      const runIds = acknowledged.map(({ runId }) => runId);
      expect(new Set(runIds).size).toBe(RUNS);
      await untilAllCompleted(platform, runIds, RECOVERY_MS);
      checkWitness(witness, runIds);
      await checkPublicEvents(platform, runIds);

      const folded = await settledHash();
      await rebuild();
      expect(await settledHash()).toEqual(folded);
    });
  },
);
