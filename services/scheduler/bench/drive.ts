/**
 * Measures the scheduler alone: requests go into the log, a fake executor ends every run at once, the log tells when each was dispatched.
 * Then the scheduler is killed, and the next one reads the whole log.
 * Usage: `node --conditions=@millrace/source services/scheduler/bench/drive.ts [runs] [slots] [executors] [at-a-time]`; prints one JSON line. Linux.
 * With at-a-time 1 it measures latency at idle, else throughput.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { logSubject, type RunRequested } from '@millrace/contracts';
import { startNats } from '@millrace/embedded';
import { connectLog, ensureTopology, makeEventWriter } from '@millrace/eventlog';
import { makeTempFolder, requested } from '@millrace/testkit';
import { FakeExecutor } from '../testing/fake-executor.ts';

const [runs = 20_000, slots = 256, executors = 1, atATime = 2_000] = process.argv.slice(2).map(Number);
/** Far below what the writer holds back at most. */
const APPENDS_MAX = 20_000;
const POLICY = { timeoutMs: 60_000, onLimit: 'queue', retries: { failed: 0, lost: 0 } } as const;

const main = process.env['SCHEDULER_MAIN'] ?? new URL('../src/main.ts', import.meta.url).pathname;
const nats = await startNats({ dataDir: makeTempFolder('scheduler-drive'), durability: 'strict' });
const connection = await connectLog({ url: nats.url, name: 'drive' });
await ensureTopology(connection, { logMaxBytes: 2 * 1024 ** 3 });
const nodeOptions = (process.env['SCHEDULER_NODE_OPTIONS'] ?? '').split(' ').filter((option) => option !== '');
const startScheduler = (): ChildProcess =>
  spawn(process.execPath, ['--conditions=@millrace/source', ...nodeOptions, main], {
    env: {
      ...process.env,
      NATS_URL: nats.url,
      MILLRACE_MAX_CONCURRENT_RUNS: String(slots * executors),
      MILLRACE_SUPERVISED: '1', // it ends with this process, whatever ends that
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
const scheduler = startScheduler();

const writer = makeEventWriter(connection, {
  shard: 0,
  subject: logSubject.commit(0),
  inFlightMax: 4,
  timeoutMs: 10_000,
  retry: 'never',
});
const requestedAt = new Map<string, number>();
const latencies: number[] = [];
let open = 0;
let wake = Promise.withResolvers<undefined>();
const onDispatch = ({ subject }: { subject: string }): void => {
  latencies.push(performance.now() - (requestedAt.get(subject) ?? 0));
  requestedAt.delete(subject);
  open -= 1;
  wake.resolve(undefined);
};
const fakes = Array.from(
  { length: executors },
  (_, index) => new FakeExecutor(connection, { id: `ex_${index}`, slots, manner: 'complete', onDispatch }),
);
for (const fake of fakes) await fake.start();
while (fakes.some(({ lastAnswer }) => lastAnswer === undefined)) {
  await Promise.all(fakes.map(async (fake) => fake.beat()));
}

let lastAppend: Promise<unknown> = Promise.resolve();
const send = (event: RunRequested): void => {
  requestedAt.set(event.subject, performance.now());
  open += 1;
  lastAppend = writer.append([event]);
};
const waitUntil = async (condition: () => boolean): Promise<void> => {
  while (!condition()) {
    await wake.promise;
    wake = Promise.withResolvers();
  }
};
const started = performance.now();
const cpuBefore = process.cpuUsage();
for (let index = 0; index < runs; index += 1) {
  if (open >= atATime) await waitUntil(() => open < atATime);
  if (writer.pending() > APPENDS_MAX) await lastAppend;
  send(requested({ workflow: `bench/w${index % 10}`, policy: POLICY, input: { index } }));
}
await waitUntil(() => open === 0);
const seconds = (performance.now() - started) / 1_000;
const cpu = process.cpuUsage(cpuBefore);
latencies.sort((a, b) => a - b);
const quantile = (q: number): number => Number((latencies[Math.floor(q * (latencies.length - 1))] ?? 0).toFixed(3));
const rssMb = (pid: number): number => {
  const kilobytes = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes ?? 0) / 1_024);
};
const figures = {
  runs,
  slots,
  executors,
  atATime,
  dispatchesPerSecond: Math.round(runs / seconds),
  requestToDispatchMs: { p50: quantile(0.5), p99: quantile(0.99), max: quantile(1) },
  schedulerRssMb: rssMb(scheduler.pid ?? 0),
  driverCpuSeconds: Number(((cpu.user + cpu.system) / 1e6).toFixed(2)),
};
scheduler.kill('SIGKILL');
await once(scheduler, 'exit');

const restarted = performance.now();
const second = startScheduler();
await once(second, 'message'); // it is ready
const restartMs = Math.round(performance.now() - restarted);
process.stdout.write(`${JSON.stringify({ ...figures, restartMs })}\n`);
second.kill('SIGTERM');
await once(second, 'exit');
await Promise.all(fakes.map(async (fake) => fake.vanish()));
await writer.close();
await connection.close();
await nats.stop();
