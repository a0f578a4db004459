import { DEFAULT_SHARD, shardsUpTo } from '@millrace/contracts';
import { checkRing, connectLog, type LogConnection, logBounds } from '@millrace/eventlog';
import { SECOND } from '@millrace/kernel';
import { openReadModel } from '@millrace/read-model';
import { type HealthReport, makeMetrics, runService, startAdminServer, startTelemetry } from '@millrace/runtime';
import { readConfig } from './config.ts';
import { type FollowingLoop, keepFollowing } from './keep-following.ts';
import { followRequests } from './inbox-projection/inbox-projection.ts';
import { type LoopHealth, makeLoopHealth } from './loop-health.ts';
import { followOutputs } from './output-projection/output-projection.ts';
import { makeProjectorMetrics, type ProjectorMetrics } from './projector-metrics.ts';
import { followForPublic } from './public-events/public-events.ts';
import { reportForeign } from './public-events/report-foreign.ts';
import { makeLogEndedRuns } from './run-projection/log-ended-runs.ts';
import { makeProjectSpans } from './run-projection/project-spans.ts';
import { followRuns } from './run-projection/run-projection.ts';
import { reportMissing, reportUnusable } from './unusable-entries.ts';

/** One for each projection that may write at the same time, and one for whoever waits for the migration lock. */
const POOL_MAX = 4;
const POOL_LIMIT = 24;
const LAG_INTERVAL = 2 * SECOND;

/** Asks for the end of the log now and then; how far the rows are behind is a metric, not a decision. */
const watchLag = (connection: LogConnection, logs: number, metrics: ProjectorMetrics): NodeJS.Timeout =>
  setInterval(() => {
    for (const shard of shardsUpTo(logs)) {
      logBounds(connection, shard).then(
        ({ last }) => metrics.logLast(last, shard),
        () => undefined,
      );
    }
  }, LAG_INTERVAL);

const healthOf = (connection: LogConnection, health: ReadonlyMap<string, LoopHealth>): HealthReport => {
  const loops = [...health].map(([name, loop]) => [name, loop.read()] as const);
  const dependencies = { nats: { ok: connection.isConnected() }, ...Object.fromEntries(loops) };
  return { ready: Object.values(dependencies).every(({ ok }) => ok), dependencies };
};

/** Connections for so many logs: what one log writes at the same time, and no more than Postgres can have for one of many processes. */
const poolMaxOf = (logs: number): number => Math.min(1 + (POOL_MAX - 1) * logs, POOL_LIMIT);

await runService('projector', async ({ log, env, signal, defer }) => {
  const config = readConfig(env);
  const telemetry = await startTelemetry({ service: 'projector' });
  defer('telemetry', telemetry.shutdown);
  const connection = await connectLog({ url: config.NATS_URL, name: 'projector' });
  defer('log', connection.close);
  const { logs } = await checkRing(connection, config.MILLRACE_SHARDS, signal);
  const readModel = openReadModel({
    url: config.DATABASE_URL,
    poolMax: poolMaxOf(logs),
    applicationName: 'millrace projector',
  });
  defer('read model', readModel.close);

  const registry = makeMetrics('projector');
  const metrics = makeProjectorMetrics(registry, logs);
  const health = new Map<string, LoopHealth>();
  const shared = { connection, readModel, signal, metrics };
  const runs = {
    ...shared,
    onUnusable: reportUnusable(log, metrics.unusable),
    onMissing: reportMissing(log, metrics),
    spans: makeProjectSpans(telemetry),
    logEnded: makeLogEndedRuns(log, config.MILLRACE_LOG_RUNS),
  };
  const start = (name: string, session: FollowingLoop['session']): void => {
    const own = makeLoopHealth();
    health.set(name, own);
    const done = keepFollowing({ name, log, health: own, signal, session });
    defer(name, () => done);
  };
  for (const shard of shardsUpTo(logs)) {
    const where = logs === 1 ? '' : ` of shard ${shard}`;
    start(`runs${where}`, (onStep) => followRuns({ ...runs, shard }, onStep));
    start(`output${where}`, (onStep) => followOutputs({ ...shared, shard }, onStep));
  }
  start('requests', (onStep) => followRequests({ ...shared, shard: DEFAULT_SHARD }, onStep));
  start('events', (onStep) => followForPublic({ ...shared, logs, onForeign: reportForeign(log) }, onStep));

  const lag = watchLag(connection, logs, metrics);
  defer('lag', () => clearInterval(lag));
  const admin = await startAdminServer({
    port: config.MILLRACE_ADMIN_PORT,
    metrics: registry,
    health: () => healthOf(connection, health),
  });
  defer('admin', admin.close);
  return { adminPort: admin.port };
});
