/**
 * How long a scheduler takes until it leads while very many runs wait: with the whole log before it, then with its own snapshot, and how long
 * until an executor that is there gets its first run. Starts its own nats-server in a folder of its own.
 *
 * `node --conditions=@millrace/source services/scheduler/bench/restart.ts [--runs 1000000] [--folder <empty>]`
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startNats } from '@millrace/embedded';
import { connectLog, ensureTopology, type LogConnection, openSnapshots } from '@millrace/eventlog';
import { eventually, startService, type StartedService } from '@millrace/testkit';
import { FakeExecutor } from '../testing/fake-executor.ts';
import { fillLog } from '../testing/fill-log.ts';

const MAIN = new URL('../src/main.ts', import.meta.url).pathname;
const MIB = 1024 ** 2;
const LOG_BYTES_MAX = 4 * 1024 * MIB;
const READY = { readyTimeoutMs: 400_000 };
const STORED = { timeoutMs: 300_000 };

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000000' },
    folder: { type: 'string' },
  },
});
const runs = Number(values.runs);
const print = (figures: Readonly<Record<string, unknown>>): void =>
  void process.stdout.write(`${JSON.stringify(figures)}\n`);

/** Clock ticks of the kernel. */
const TICKS_PER_SECOND = 100;

/** Processor time of a process, without the name, which may hold anything. */
const cpuSecondsOf = async (pid: number): Promise<number> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')')).split(' ');
  return (Number(fields[12]) + Number(fields[13])) / TICKS_PER_SECOND;
};

/** Resident memory in MiB, now and the most that it ever was, and processor time. */
const figuresOf = async (pid: number): Promise<Readonly<Record<string, number>>> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const of = (name: string): number => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024);
  return { rssMib: of('VmRSS'), peakMib: of('VmHWM'), cpuSeconds: await cpuSecondsOf(pid) };
};

const seconds = (sinceMs: number): number => Math.round(performance.now() - sinceMs) / 1_000;

const start = async (natsUrl: string, what: string): Promise<StartedService> => {
  const sinceMs = performance.now();
  const scheduler = await startService(MAIN, {
    ...READY,
    env: { NATS_URL: natsUrl, MILLRACE_MAX_CONCURRENT_RUNS: '100' },
  });
  print({ what, readySeconds: seconds(sinceMs), ...(await figuresOf(scheduler.pid)) });
  return scheduler;
};

/** From the SIGKILL of one until the other leads. */
const takeOver = async (leader: StartedService, standby: StartedService): Promise<number> => {
  const sinceMs = performance.now();
  await leader.kill();
  const leads = (): void => {
    if (!standby.log().some((line) => line.includes('"leading"'))) throw new Error('it does not lead yet');
  };
  await eventually(leads, { timeoutMs: 60_000, intervalMs: 10 });
  return seconds(sinceMs);
};

/** Until a snapshot is there that was not there before; how large it is. */
const nextSnapshot = async (connection: LogConnection): Promise<number> => {
  const load = async (): Promise<Uint8Array | undefined> => {
    for await (const bytes of openSnapshots(connection).load(0)) return bytes;
    return undefined;
  };
  return eventually(async () => {
    const bytes = await load();
    if (bytes === undefined) throw new Error('there is no snapshot yet');
    return bytes.length;
  }, STORED);
};

const firstDispatch = async (connection: LogConnection): Promise<number> => {
  const sinceMs = performance.now();
  const dispatched = Promise.withResolvers<number>();
  const executor = new FakeExecutor(connection, {
    id: 'ex_bench',
    slots: 100,
    manner: 'complete',
    onDispatch: () => dispatched.resolve(Math.round(performance.now() - sinceMs)),
  });
  await executor.start();
  const ms = await dispatched.promise;
  await eventually(() => {
    if (executor.dispatches.length < 5_000) throw new Error('too few runs were started');
  }, STORED);
  print({ what: 'runs from the queue', perSecond: Math.round(executor.dispatches.length / seconds(sinceMs)) });
  await executor.vanish();
  return ms;
};

const folder = values.folder ?? (await mkdtemp(join(tmpdir(), 'millrace-restart-')));
const nats = await startNats({ dataDir: folder, durability: 'strict' });
const connection = await connectLog({ url: nats.url, name: 'bench' });
try {
  await ensureTopology(connection, { logMaxBytes: LOG_BYTES_MAX });
  const sinceMs = performance.now();
  await fillLog(connection, runs);
  print({ what: 'filled the log', runs, seconds: seconds(sinceMs) });

  const first = await start(nats.url, 'start with the whole log');
  print({ what: 'snapshot', bytes: await nextSnapshot(connection) });
  print({ what: 'leads since a while', ...(await figuresOf(first.pid)) });
  await first.kill();

  const second = await start(nats.url, 'start with a snapshot');
  print({ what: 'first dispatch', ms: await firstDispatch(connection) });
  print({ what: 'after some runs', ...(await figuresOf(second.pid)) });

  const third = await start(nats.url, 'start of a standby');
  print({ what: 'take-over after SIGKILL', seconds: await takeOver(second, third) });
  await third.kill();
} finally {
  await connection.close();
  await nats.stop();
  if (values.folder === undefined) await rm(folder, { recursive: true });
}
