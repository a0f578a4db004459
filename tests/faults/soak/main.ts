/**
 * F38, `npm run test:soak -- --minutes 30 [--seed n]`: half of what the machine can do, for so long, with a fault of F1–F7 every 20 to 40
 * seconds. The same seed gives the same faults. One JSON line at the end; exit code 1 when a promise was broken.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ALLOW_LOOPBACK, startReceiver } from '../bed/receiver.ts';
import { type FaultBed, startFaultBed } from '../bed/fault-bed.ts';
import { makeRandom } from '../random.ts';
import { SOAK_FAULTS } from './faults.ts';
import { type MemorySample, memorySlope, residentMb } from './memory.ts';
import { readOptions } from './options.ts';

const LIMIT = 8;
const CALIBRATION_MS = 5_000;
const PAUSE_MIN_MS = 20_000;
const PAUSE_MAX_MS = 40_000;
const SAMPLE_MS = 5_000;
const SLOPE_MAX = 1;
const MINUTE_MS = 60_000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Runs per second that go through when nobody holds back. */
const measureCapacity = async (bed: FaultBed): Promise<number> => {
  const over = new AbortController();
  const since = performance.now();
  const sending = bed.send({ runs: Number.POSITIVE_INFINITY, signal: over.signal });
  await delay(CALIBRATION_MS);
  over.abort();
  const ids = await sending;
  await bed.untilOver(ids);
  return ids.length / ((performance.now() - since) / 1_000);
};

/** Requests at an even pace, whatever becomes of them. */
const sendEvenly = async (bed: FaultBed, perSecond: number, signal: AbortSignal): Promise<number> => {
  const open = new Set<Promise<void>>();
  let sent = 0;
  const failures: unknown[] = [];
  while (!signal.aborted) {
    sent += 1;
    const one = bed
      .send({ runs: 1, clients: 1 })
      .then(
        () => undefined,
        (error: unknown) => void failures.push(error),
      )
      .finally(() => open.delete(one));
    open.add(one);
    await delay(1_000 / perSecond, undefined, { signal }).catch(() => undefined);
  }
  await Promise.all(open);
  if (failures.length > 0)
    throw new AggregateError(failures, `${failures.length} clients gave up: ${String(failures[0])}`);
  return sent;
};

const isOver = ({ aborted }: AbortSignal): boolean => aborted;

const strikeOften = async (bed: FaultBed, random: () => number, signal: AbortSignal): Promise<readonly string[]> => {
  const struck: string[] = [];
  while (!signal.aborted) {
    await delay(PAUSE_MIN_MS + random() * (PAUSE_MAX_MS - PAUSE_MIN_MS), undefined, { signal }).catch(() => undefined);
    const fault = SOAK_FAULTS[Math.floor(random() * SOAK_FAULTS.length)];
    if (isOver(signal) || fault === undefined) break;
    const since = performance.now();
    await fault.strike(bed);
    const seconds = await bed.untilServing(since);
    struck.push(fault.row);
    say(`${new Date().toISOString()} ${fault.row} ${fault.name}: serves again after ${seconds.toFixed(1)} s`);
  }
  return struck;
};

type Samples = Record<string, MemorySample[]>;

const sampleMemory = async (bed: FaultBed, signal: AbortSignal): Promise<Samples> => {
  const samples: Samples = {};
  const since = performance.now();
  while (!signal.aborted) {
    for (const [name, pid] of Object.entries(bed.platform.platform.pids())) {
      const mb = residentMb(pid);
      if (mb === undefined) continue;
      (samples[name] ??= []).push({ minute: (performance.now() - since) / MINUTE_MS, pid, mb });
    }
    await delay(SAMPLE_MS, undefined, { signal }).catch(() => undefined);
  }
  return samples;
};

const soak = async (bed: FaultBed, minutes: number, random: () => number): Promise<void> => {
  const receiver = await startReceiver(bed, { endpoint: 'ends' });
  try {
    const capacity = await measureCapacity(bed);
    say(`capacity ${capacity.toFixed(0)} runs/s; going on at half of it for ${minutes} minutes`);
    const signal = AbortSignal.timeout(minutes * MINUTE_MS);
    const [sent, struck, samples] = await Promise.all([
      sendEvenly(bed, capacity / 2, signal),
      strikeOften(bed, random, signal),
      sampleMemory(bed, signal),
    ]);
    const slopes = Object.fromEntries(Object.entries(samples).map(([name, of]) => [name, memorySlope(of)]));
    const steep = Object.entries(slopes).filter(([, slope]) => slope !== undefined && slope >= SLOPE_MAX);
    const recoverySeconds = await bed.untilServing(performance.now());
    const recorded = { minutes, perSecond: capacity / 2, sent, faults: struck.length, struck, mbPerMinute: slopes };
    await bed.conclude({ row: 'F38', recoverySeconds, ...recorded });
    if (steep.length > 0) throw new Error(`memory grows: ${JSON.stringify(steep)}`);
  } finally {
    await receiver.close();
  }
};

const { minutes, seed } = readOptions(process.argv.slice(2));
process.env['MILLRACE_TEST_SEED'] = String(seed);
const bed = await startFaultBed({
  // A receiver may be told late, and the checker asks for every end: waited for below by the rule itself.
  experiment: { limit: LIMIT, endpoints: ['ends'] },
  env: { MILLRACE_MAX_CONCURRENT_RUNS: String(LIMIT), ...ALLOW_LOOPBACK },
});
try {
  await soak(bed, minutes, makeRandom(seed));
  say('every promise held');
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  await bed.stop();
}
