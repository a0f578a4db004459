/** F13 and its kin: a process is stopped, not killed: its connections stay open, and it comes back believing what it believed before. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, startService, type StartedService } from '@millrace/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FaultBed, startFaultBed } from './bed/fault-bed.ts';
import { hashesAroundRebuild } from './bed/read-model.ts';
import { scriptsOf } from './process-tree.ts';

const LIMIT = 8;
const STOPPED_MS = 60_000;
const SERVICES = join(import.meta.dirname, '../../services');

let bed: FaultBed;
const others: StartedService[] = [];
beforeEach(async () => {
  bed = await startFaultBed({ experiment: { limit: LIMIT }, env: { MILLRACE_MAX_CONCURRENT_RUNS: String(LIMIT) } });
});
afterEach(async () => {
  for (const other of others.splice(0)) await other.stop();
  await bed.stop();
});

/** One more process of a service beside that of the platform. */
const startAnother = async (name: string): Promise<StartedService> => {
  const { natsUrl, databaseUrl, dataDir } = bed.platform;
  const started = await startService(join(SERVICES, name, 'src/main.ts'), {
    env: {
      NATS_URL: natsUrl,
      DATABASE_URL: databaseUrl,
      MILLRACE_DATA_DIR: join(dataDir, 'another'),
      MILLRACE_MAX_CONCURRENT_RUNS: String(LIMIT),
      MILLRACE_SLOTS: String(LIMIT),
    },
  });
  others.push(started);
  return started;
};

/** Load for as long as something else takes. */
const whileSending = async <Result>(work: () => Promise<Result>): Promise<Result> => {
  await bed.send({ runs: 40 });
  const over = new AbortController();
  const sending = bed.send({ runs: Number.POSITIVE_INFINITY, clients: 4, signal: over.signal });
  try {
    return await work();
  } finally {
    over.abort();
    await sending;
  }
};

const conclude = async (row: string, name: string, recoverySeconds: number): Promise<void> => {
  await bed.conclude({ row, test: name, recoverySeconds });
  const [folded, rebuilt] = await hashesAroundRebuild(bed.platform);
  expect(rebuilt).toEqual(folded);
};

test('F13: nats-server stopped for 60 s: everyone goes on by themselves', async () => {
  const { platform } = bed;
  const recoverySeconds = await whileSending(async () => {
    platform.signal('nats', 'SIGSTOP');
    await delay(STOPPED_MS);
    const since = performance.now();
    platform.signal('nats', 'SIGCONT');
    return bed.untilServing(since);
  });
  await conclude('F13', 'nats-server', recoverySeconds);
});

test('F13: a scheduler stopped for 60 s is followed by another, and changes nothing when it comes back', async () => {
  const { platform } = bed;
  await startAnother('scheduler');
  const deposed = platform.pid('scheduler');
  const recoverySeconds = await whileSending(async () => {
    const since = performance.now();
    platform.signal('scheduler', 'SIGSTOP');
    const seconds = await bed.untilServing(since);
    await delay(Math.max(0, STOPPED_MS - 1_000 * seconds));
    process.kill(deposed, 'SIGCONT');
    // It learns that it is deposed by its next word, ends, and its next start stands by.
    await platform.untilRestarted('scheduler', deposed);
    return seconds;
  });
  await conclude('F13', 'scheduler', recoverySeconds);
});

test('F13: an executor stopped for 60 s: its scripts end, its runs go on elsewhere, and it comes back with nothing', async () => {
  const { platform } = bed;
  const another = await startAnother('executor');
  const [first, second] = [await bed.client.start('witness/long'), await bed.client.start('witness/long')];
  await eventually(() => expect(scriptsOf(platform.home).length).toBeGreaterThan(1));
  const recoverySeconds = await whileSending(async () => {
    const since = performance.now();
    platform.signal('executor', 'SIGSTOP');
    const seconds = await bed.untilServing(since);
    await delay(STOPPED_MS);
    platform.signal('executor', 'SIGCONT');
    return seconds;
  });
  expect(another.isAlive()).toBe(true);
  await bed.untilOver([first, second]);
  await conclude('F13', 'executor', recoverySeconds);
});

test('F13: a projector stopped for 60 s: requests are accepted and run, statuses are late and never wrong', async () => {
  const { platform } = bed;
  const statuses = new Set<number>();
  const recoverySeconds = await whileSending(async () => {
    platform.signal('projector', 'SIGSTOP');
    const until = performance.now() + STOPPED_MS;
    while (performance.now() < until) {
      const runId = await bed.client.start('witness/module');
      statuses.add((await platform.http.get(`/status/${runId}`)).status);
    }
    const since = performance.now();
    platform.signal('projector', 'SIGCONT');
    return bed.untilServing(since);
  });
  expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]);
  await conclude('F13', 'projector', recoverySeconds);
});
