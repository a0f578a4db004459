import { lineOf, resultOf, startEntry, stop } from './child.ts';
import type { LoadOrder, LoadResult } from './load.ts';
import type { Load } from './measures.ts';
import type { Platform } from './platform.ts';

/** What this machine can do without the product, in the same run: the measure of every figure beside it. */
export interface Ceilings {
  /** fastify answering 202 with no work, requests per second. */
  readonly bareHttp: LoadResult;
  /** fastify and one awaited, synced JetStream publish per request. */
  readonly publishPerRequest: LoadResult;
  /** fastify and packed, synced commits. */
  readonly packedCommits: LoadResult;
  /** `/bin/true` processes per second from two small Node processes. */
  readonly spawnsPerSecond: number;
}

const SPAWNERS = 2;
const SPAWNS_EACH = 1_000;

const loadServer = async (mode: string, natsUrl: string, order: Omit<LoadOrder, 'url'>): Promise<LoadResult> => {
  const server = startEntry('tests/bench/ceilings/http-server.ts', [mode, natsUrl]);
  try {
    const { port } = await lineOf(server, (line) => JSON.parse(line) as { port: number });
    return await resultOf<LoadResult>('tests/bench/load.ts', [
      JSON.stringify({ ...order, url: `http://127.0.0.1:${port}` }),
    ]);
  } finally {
    await stop(server);
  }
};

/** `/bin/true` processes per second from two small Node processes. */
export const measureSpawns = async (): Promise<number> => {
  const runs = Array.from({ length: SPAWNERS }, () =>
    resultOf<{ seconds: number }>('tests/bench/ceilings/spawner.ts', [String(SPAWNS_EACH)]),
  );
  const seconds = Math.max(...(await Promise.all(runs)).map((run) => run.seconds));
  return (SPAWNERS * SPAWNS_EACH) / seconds;
};

const CEILING_LOAD = {
  headers: { 'content-type': 'application/json' },
  body: '{"input":{"n":1}}',
  timeLimitMs: 60_000,
};

/** fastify and packed, synced commits. */
export const measurePackedCeiling = async ({ natsUrl }: Platform, load: Load): Promise<LoadResult> =>
  loadServer('packed', natsUrl, { ...CEILING_LOAD, ...load });

export const measureCeilings = async ({ natsUrl }: Platform, order: Omit<LoadOrder, 'url'>): Promise<Ceilings> => ({
  bareHttp: await loadServer('bare', natsUrl, order),
  publishPerRequest: await loadServer('publish', natsUrl, { ...order, requests: Math.min(order.requests, 20_000) }),
  packedCommits: await loadServer('packed', natsUrl, order),
  spawnsPerSecond: await measureSpawns(),
});
