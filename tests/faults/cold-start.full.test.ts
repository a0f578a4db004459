/** F35: a long history. The log is filled by plain NATS, as gateways and executors do, faster than runs could be. */
import { encodeCommit, encodeEvent, logSubject } from '@millrace/contracts';
import { connectLog, makeEventWriter } from '@millrace/eventlog';
import { completed, dispatched, eventually, requested, started, startTestPlatform } from '@millrace/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FaultBed, startFaultBed } from './bed/fault-bed.ts';
import { rebuild, settledHash } from './bed/read-model.ts';
import { recordRow } from './bed/record.ts';

const RUNS = Number(process.env['MILLRACE_FAULTS_HISTORY'] ?? 250_000);
const EVENTS_PER_RUN = 4;
const AT_ONCE = 2_000;

let bed: FaultBed;
beforeAll(async () => {
  bed = await startFaultBed();
});
afterAll(() => bed.stop());

/** Four events of each run: a million at the default. */
const writeHistory = async (natsUrl: string): Promise<void> => {
  const connection = await connectLog({ url: natsUrl, name: 'history' });
  const writer = makeEventWriter(connection, {
    shard: 0,
    subject: logSubject.commit(0),
    inFlightMax: 8,
    timeoutMs: 30_000,
    retry: 'until-closed',
  });
  try {
    for (let written = 0; written < RUNS; written += AT_ONCE) {
      await Promise.all(
        Array.from({ length: Math.min(AT_ONCE, RUNS - written) }, async () => {
          const run = requested();
          const runId = run.subject;
          await writer.append([run, dispatched({ runId }), started({ runId }), completed({ runId })]);
        }),
      );
    }
  } finally {
    await writer.close();
    await connection.close();
  }
};

test(`F35: ${RUNS * EVENTS_PER_RUN} events of history, a cold start, and a rebuild`, async () => {
  expect(encodeCommit([encodeEvent(requested())]).length).toBeGreaterThan(0);
  const { home } = bed.platform;
  await writeHistory(bed.platform.natsUrl);
  const marker = await bed.client.start('witness/module', { wait: 20, timeoutMs: 300_000 });
  await eventually(async () => expect((await bed.platform.http.get(`/status/${marker}`)).status).toBe(200), {
    timeoutMs: 600_000,
    intervalMs: 1_000,
  });
  await bed.platform.stop();
  const since = performance.now();
  await bed.restart(() => startTestPlatform({ home }));
  const startSeconds = (performance.now() - since) / 1_000;
  const recoverySeconds = await bed.untilServing(since);
  const before = await settledHash(bed.platform);
  const rebuilding = performance.now();
  await rebuild(bed.platform);
  const rebuildSeconds = (performance.now() - rebuilding) / 1_000;
  expect(await settledHash(bed.platform)).toEqual(before);
  recordRow(bed.platform, {
    row: 'F35',
    events: RUNS * EVENTS_PER_RUN,
    startSeconds,
    recoverySeconds,
    rebuiltPerSecond: Math.round((RUNS * EVENTS_PER_RUN) / rebuildSeconds),
  });
}, 1_200_000);
