/**
 * How fast the projector takes a log in: writes a synthetic log of whole runs (four events each), then times run projection and public events.
 *
 * `NATS_URL=… DATABASE_URL=… node --conditions=@millrace/source services/projector/bench/throughput.ts [runs]`, both empty.
 */
import { connectLog, ensureTopology, logBounds, makeEventWriter } from '@millrace/eventlog';
import { logSubject, type RunEvent } from '@millrace/contracts';
import { migrate, openReadModel, projectedPosition } from '@millrace/read-model';
import { makeLogger, makeMetrics } from '@millrace/runtime';
import { completed, dispatched, requested, started } from '@millrace/testkit';
import { keepFollowing } from '../src/keep-following.ts';
import { makeLoopHealth } from '../src/loop-health.ts';
import { makeProjectorMetrics } from '../src/projector-metrics.ts';
import { followForPublic } from '../src/public-events/public-events.ts';
import { followRuns } from '../src/run-projection/run-projection.ts';

const SHARD = 0;
const RUNS_PER_PACK = 16;
const runs = Number(process.argv[2] ?? 50_000);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const url = process.env['NATS_URL'] ?? 'nats://127.0.0.1:4222';
const connection = await connectLog({ url, name: 'bench' });
await ensureTopology(connection);
const readModel = openReadModel({ url: process.env['DATABASE_URL'] ?? '', poolMax: 3, applicationName: 'bench' });
await migrate(readModel);

const eventsOf = (): readonly RunEvent[] => {
  const request = requested({ input: { n: 1, text: 'a small input' } });
  const runId = request.subject;
  return [request, dispatched({ runId }), started({ runId }), completed({ runId })];
};
const writer = makeEventWriter(connection, {
  shard: SHARD,
  subject: logSubject.commit(SHARD),
  inFlightMax: 4,
  timeoutMs: 10_000,
  retry: 'never',
});
for (let written = 0; written < runs; written += RUNS_PER_PACK * 64) {
  await Promise.all(
    Array.from({ length: 64 }, async () => writer.append(Array.from({ length: RUNS_PER_PACK }, eventsOf).flat())),
  );
}
await writer.close();
const { last } = await logBounds(connection, SHARD);
say(`${runs} runs in ${last} commits`);

const time = async (name: string, session: (signal: AbortSignal, onPosition: () => void) => Promise<void>) => {
  const ending = new AbortController();
  const begin = performance.now();
  await session(ending.signal, () => ending.abort());
  const seconds = (performance.now() - begin) / 1_000;
  say(`${name}: ${seconds.toFixed(2)} s, ${Math.round(runs / seconds)} runs/s`);
};
const log = makeLogger({ service: 'bench', level: 'warn' });
const run = async (
  name: string,
  isDone: () => Promise<boolean>,
  followIt: typeof followForPublic | typeof followRuns,
) =>
  time(name, async (signal, done) => {
    const metrics = makeProjectorMetrics(makeMetrics('bench'));
    const deps = {
      connection,
      readModel,
      shard: SHARD,
      logs: 1,
      signal,
      metrics,
      onUnusable: () => undefined,
      onMissing: () => undefined,
      spans: { emit: () => undefined },
      logEnded: () => undefined,
      onForeign: () => undefined,
    };
    const poll = setInterval(() => void isDone().then((is) => is && done()), 20);
    const session = (onStep: () => void): Promise<void> => followIt(deps, onStep);
    await keepFollowing({ name, log, health: makeLoopHealth(), signal, session });
    clearInterval(poll);
  });

await run('run projection', async () => (await projectedPosition(readModel, SHARD)) >= last, followRuns);
const { makePublicEventPublisher } = await import('@millrace/eventlog');
const end = makePublicEventPublisher(connection);
await run('public events', async () => (await end.lastPosition()).sequence >= last, followForPublic);
await readModel.close();
await connection.close();
