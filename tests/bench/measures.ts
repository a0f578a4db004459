import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { resultOf } from './child.ts';
import { cpuPerUnit, type CpuTimes, readCpuTimes } from './cpu.ts';
import type { LoadResult } from './load.ts';
import type { Platform } from './platform.ts';

const COMPLETION_LIMIT_MS = 120_000;
/** Counting the rows is work for Postgres too. */
const POLL_MS = 50;

const headersOf = ({ token }: Platform): Record<string, string> => ({
  authorization: `Bearer ${token}`,
  'x-workflow-client': 'bench',
  'content-type': 'application/json',
});

export interface Load {
  readonly path: string;
  readonly connections: number;
  readonly requests: number;
}

/** Sends a load from a process of its own. */
export const loadPlatform = (platform: Platform, { path, connections, requests }: Load): Promise<LoadResult> =>
  resultOf<LoadResult>('tests/bench/load.ts', [
    JSON.stringify({
      url: platform.url,
      path,
      connections,
      requests,
      timeLimitMs: 60_000,
      headers: headersOf(platform),
      body: '{"input":{"n":1}}',
    }),
  ]);

const countEnded = async (client: pg.Client): Promise<number> => {
  const { rows } = await client.query<{ ended: string }>(
    'SELECT count(*) AS ended FROM millrace.run WHERE ended_at IS NOT NULL',
  );
  return Number(rows[0]?.ended ?? 0);
};

/** Whether the read model knows no open run of the workflow: by a small partial index, so that looking costs next to nothing. */
const hasNoOpenRun = async (client: pg.Client, workflow: string): Promise<boolean> => {
  const { rows } = await client.query<{ idle: boolean }>(
    "SELECT NOT EXISTS (SELECT FROM millrace.run WHERE workflow = $1 AND state <> 'completed') AS idle",
    [workflow],
  );
  return rows[0]?.idle === true;
};

/**
 * Runs per second from the first request until the read model shows the last of them as ended: accepted, dispatched, executed,
 * projected and published. `cpu`: microseconds of processor time per run and part.
 */
export const measureCompleted = async (
  platform: Platform,
  order: Load,
): Promise<{ load: LoadResult; perSecond: number; cpu: CpuTimes }> => {
  const client = new pg.Client({ connectionString: platform.databaseUrl });
  await client.connect();
  try {
    const before = await countEnded(client);
    const cpuBefore = await readCpuTimes(platform);
    const begin = performance.now();
    const load = await loadPlatform(platform, order);
    const workflow = order.path.replace(/^\/run\//, '');
    // Counted only once nothing is open: a count reads the whole table, and would be measured with the product.
    while (!(await hasNoOpenRun(client, workflow)) || (await countEnded(client)) - before < load.requests) {
      if (performance.now() - begin > COMPLETION_LIMIT_MS) throw new Error(`${order.path}: not all runs ended in time`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    const perSecond = load.requests / ((performance.now() - begin) / 1_000);
    return { load, perSecond, cpu: cpuPerUnit(cpuBefore, await readCpuTimes(platform), load.requests) };
  } finally {
    await client.end();
  }
};

export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const latencyOf = (samples: readonly number[]): Latency => {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
};

const WARM_UP = 50;

/** One run at a time with `?wait`: how long the caller waits, and when the workflow's first line ran. */
export const measureIdle = async (platform: Platform, runs: number): Promise<{ wait: Latency; start: Latency }> => {
  const waits: number[] = [];
  const starts: number[] = [];
  for (let index = 0; index < runs + WARM_UP; index += 1) {
    const sentAt = performance.timeOrigin + performance.now();
    const response = await fetch(`${platform.url}/run/bench/clock?wait=20`, {
      method: 'POST',
      headers: headersOf(platform),
      body: '{}',
    });
    const answer = (await response.json()) as { output?: { startedAt: number } };
    if (index < WARM_UP) continue;
    waits.push(performance.timeOrigin + performance.now() - sentAt);
    starts.push((answer.output?.startedAt ?? Number.NaN) - sentAt);
  }
  return { wait: latencyOf(waits), start: latencyOf(starts) };
};

/** Resident memory of each process of the platform, in MiB; `/proc` only. */
export const residentMiB = async ({ pids }: Platform): Promise<Record<string, number>> => {
  const entries = Object.entries(pids).map(async ([name, pid]) => {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    return [name, Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024)] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
};
