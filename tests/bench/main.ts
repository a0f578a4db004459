/**
 * `npm run bench`: the pipeline's figures beside the ceilings of this machine, measured in one run. Prints a table and writes
 * `bench-results/<time>.json`. Bounded in count and time; `-- --quick` divides every count by ten. Instead of all that, `-- --dialects`
 * measures what the dialects cost, `-- --peers` other systems beside us, and `-- --gate` compares with recorded ratios.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { measureCeilings, type Ceilings } from './ceilings.ts';
import { type CpuTimes, measureIdleCpu } from './cpu.ts';
import { judgeDialects, measureDialects } from './dialects.ts';
import { loadPlatform, measureCompleted, measureIdle, residentMiB } from './measures.ts';
import { startPlatform, type Platform } from './platform.ts';
import { checkGate } from './gate.ts';
import { benchPeers } from './peers/peers.ts';
import { print } from './print.ts';

const scale = process.argv.includes('--quick') ? 0.1 : 1;
const count = (full: number): number => Math.round(full * scale);
const RESULTS = join(import.meta.dirname, '../../bench-results');

const measure = async (platform: Platform) => {
  const hot = { path: '/run/bench/noop', connections: 50, requests: count(60_000) };
  const idleMemory = await residentMiB(platform);
  const idleCpu = await measureIdleCpu(platform);
  const fresh = await measureIdle(platform, count(500));
  const ceilings = await measureCeilings(platform, {
    ...hot,
    headers: { 'content-type': 'application/json' },
    body: '{"input":{"n":1}}',
    timeLimitMs: 60_000,
  });
  const noop = await measureCompleted(platform, hot);
  const noop200 = await measureCompleted(platform, { ...hot, connections: 200 });
  const waits = await loadPlatform(platform, {
    path: '/run/bench/noop?wait=20',
    connections: 50,
    requests: count(10_000),
  });
  const script = await measureCompleted(platform, { path: '/run/bench/true', connections: 50, requests: count(5_000) });
  const idle = await measureIdle(platform, count(500));
  const held = await measureHeld(platform);
  return {
    ceilings,
    fresh,
    idle,
    idleCpu,
    noop,
    noop200,
    waits,
    script,
    held,
    memory: { idle: idleMemory, after: await residentMiB(platform) },
  };
};

/** Accepts alone: the workflow's only slot is taken by a run that sleeps, so nothing else executes meanwhile. */
const measureHeld = async (platform: Platform) => {
  await loadPlatform(platform, { path: '/run/bench/held', connections: 1, requests: 1 });
  const at50 = await loadPlatform(platform, { path: '/run/bench/held', connections: 50, requests: count(60_000) });
  const at200 = await loadPlatform(platform, { path: '/run/bench/held', connections: 200, requests: count(60_000) });
  return { at50, at200 };
};

type Figures = Awaited<ReturnType<typeof measure>>;

const perSecond = (value: number): string => `${Math.round(value).toLocaleString('en')}/s`;
const ms = (value: number): string => `${value.toFixed(2)} ms`;
const ratio = (value: number, ceiling: number): string => `${(value / ceiling).toFixed(2)} of it`;

const ceilingRows = ({ bareHttp, publishPerRequest, packedCommits, spawnsPerSecond }: Ceilings): string[][] => [
  ['ceiling: fastify answers 202, no work', perSecond(bareHttp.perSecond), `p99 ${ms(bareHttp.p99Ms)}`],
  [
    'ceiling: fastify + one synced publish each',
    perSecond(publishPerRequest.perSecond),
    `p99 ${ms(publishPerRequest.p99Ms)}`,
  ],
  ['ceiling: fastify + packed synced commits', perSecond(packedCommits.perSecond), `p99 ${ms(packedCommits.p99Ms)}`],
  ['ceiling: process spawns, 2 small processes', perSecond(spawnsPerSecond), ''],
];

const rows = ({ ceilings, fresh, idle, noop, noop200, waits, script, held }: Figures): string[][] => [
  ...ceilingRows(ceilings),
  [
    'accepts, 50 connections, nothing executes',
    perSecond(held.at50.perSecond),
    ratio(held.at50.perSecond, ceilings.packedCommits.perSecond),
  ],
  ['accepts, 200 connections, nothing executes', perSecond(held.at200.perSecond), `p99 ${ms(held.at200.p99Ms)}`],
  [
    'accepts, 50 connections, runs execute meanwhile',
    perSecond(noop.load.perSecond),
    `p50 ${ms(noop.load.p50Ms)}, p99 ${ms(noop.load.p99Ms)}`,
  ],
  ['completed runs, trivial TypeScript, 50 connections', perSecond(noop.perSecond), ''],
  ['completed runs, trivial TypeScript, 200 connections', perSecond(noop200.perSecond), ''],
  ['completed runs, /bin/true', perSecond(script.perSecond), ratio(script.perSecond, ceilings.spawnsPerSecond)],
  ['synchronous runs, 50 connections', perSecond(waits.perSecond), `p50 ${ms(waits.p50Ms)}, p99 ${ms(waits.p99Ms)}`],
  ['trigger to start at idle', `p50 ${ms(idle.start.p50Ms)}`, `p99 ${ms(idle.start.p99Ms)}`],
  ['?wait at idle', `p50 ${ms(idle.wait.p50Ms)}`, `p99 ${ms(idle.wait.p99Ms)}`],
  [
    'trigger to start at idle, first runs after a start',
    `p50 ${ms(fresh.start.p50Ms)}`,
    `p99 ${ms(fresh.start.p99Ms)}`,
  ],
  ['?wait at idle, first runs after a start', `p50 ${ms(fresh.wait.p50Ms)}`, `p99 ${ms(fresh.wait.p99Ms)}`],
];

const cpuRow = (what: string, cpu: CpuTimes): string[] => {
  const sum = Object.values(cpu).reduce((total, used) => total + used, 0);
  const parts = Object.entries(cpu).map(([name, used]) => `${name} ${Math.round(used)}`);
  return [what, `${Math.round(sum).toLocaleString('en')} µs`, parts.join(', ')];
};

const cpuRows = ({ noop, noop200, script, idleCpu }: Figures): string[][] => [
  cpuRow('processor time per run, trivial TypeScript, 50 connections', noop.cpu),
  cpuRow('processor time per run, trivial TypeScript, 200 connections', noop200.cpu),
  cpuRow('processor time per run, /bin/true', script.cpu),
  cpuRow('processor time per second at idle', idleCpu),
];

const benchPipeline = async (platform: Platform) => {
  const figures = await measure(platform);
  print([...rows(figures), ...cpuRows(figures)]);
  process.stdout.write(
    `resident MiB idle ${JSON.stringify(figures.memory.idle)}, after load ${JSON.stringify(figures.memory.after)}\n`,
  );
  return figures;
};

const benchDialects = async (platform: Platform) => {
  const costs = await measureDialects(platform, { rounds: count(40), requests: 600 });
  if (!judgeDialects(costs)) process.exitCode = 1;
  return costs;
};

const listAfter = (flag: string): readonly string[] | undefined => {
  const place = process.argv.indexOf(flag);
  return place < 0 ? undefined : process.argv[place + 1]?.split(',');
};

const benchAgainstPeers = async (platform: Platform) => {
  const { version } = JSON.parse(await readFile(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
    version: string;
  };
  const isQuick = scale < 1;
  const figures = await benchPeers(platform, {
    version,
    rounds: isQuick ? 1 : 3,
    scale: isQuick ? { loadMs: 1_000, samples: 50 } : { loadMs: 2_500, samples: 200 },
    only: listAfter('--only'),
  });
  if (figures.lost.length > 0) process.exitCode = 1;
  return figures;
};

const benchGate = async (platform: Platform) => {
  const verdict = await checkGate(platform, {
    requests: count(20_000),
    isRecording: process.argv.includes('--record'),
  });
  if (!verdict.isGood) process.exitCode = 1;
  return verdict;
};

const MODES: Readonly<Record<string, (platform: Platform) => Promise<unknown>>> = {
  '--dialects': benchDialects,
  '--peers': benchAgainstPeers,
  '--gate': benchGate,
};

const platform = await startPlatform();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void platform.stop().finally(() => process.exit(1)));
}
try {
  const mode = Object.keys(MODES).find((flag) => process.argv.includes(flag)) ?? '';
  const figures = await (MODES[mode] ?? benchPipeline)(platform);
  await mkdir(RESULTS, { recursive: true });
  const file = join(RESULTS, `${new Date().toISOString().replaceAll(':', '-')}.json`);
  await writeFile(file, `${JSON.stringify({ node: process.version, durability: 'strict', figures }, null, 2)}\n`);
  process.stdout.write(`written: ${file}\n`);
} finally {
  await platform.stop();
}
