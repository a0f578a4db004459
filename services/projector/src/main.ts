import { connectLog, type LogConnection, logBounds } from '@millrace/eventlog';
import { SECOND } from '@millrace/kernel';
import { openReadModel } from '@millrace/read-model';
import { makeMetrics, runService, startAdminServer, startTelemetry } from '@millrace/runtime';
import { readConfig } from './config.ts';
import { type FollowingLoop, keepFollowing } from './keep-following.ts';
import { followRequests } from './inbox-projection/inbox-projection.ts';
import { makeLoopHealth } from './loop-health.ts';
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
const LAG_INTERVAL = 2 * SECOND;

/** Asks for the end of the log now and then; how far the rows are behind is a metric, not a decision. */
const watchLag = (connection: LogConnection, shard: number, metrics: ProjectorMetrics): NodeJS.Timeout =>
  setInterval(() => {
    logBounds(connection, shard).then(
      ({ last }) => metrics.logLast(last),
      () => undefined,
    );
  }, LAG_INTERVAL);

const makeHealths = () => ({
  runs: makeLoopHealth(),
  output: makeLoopHealth(),
  requests: makeLoopHealth(),
  events: makeLoopHealth(),
});

await runService('projector', async ({ log, env, signal, defer }) => {
  const config = readConfig(env);
  const shard = config.MILLRACE_SHARD;
  const telemetry = await startTelemetry({ service: 'projector' });
  defer('telemetry', telemetry.shutdown);
  const connection = await connectLog({ url: config.NATS_URL, name: 'projector' });
  defer('log', connection.close);
  const readModel = openReadModel({
    url: config.DATABASE_URL,
    poolMax: POOL_MAX,
    applicationName: 'millrace projector',
  });
  defer('read model', readModel.close);

  const registry = makeMetrics('projector');
  const metrics = makeProjectorMetrics(registry);
  const health = makeHealths();
  const shared = { connection, readModel, shard, signal, metrics };
  const runs = {
    ...shared,
    onUnusable: reportUnusable(log, metrics.unusable),
    onMissing: reportMissing(log, metrics),
    spans: makeProjectSpans(telemetry),
    logEnded: makeLogEndedRuns(log, config.MILLRACE_LOG_RUNS),
  };
  const start = (name: keyof typeof health, session: FollowingLoop['session']): void => {
    const done = keepFollowing({ name, log, health: health[name], signal, session });
    defer(name, () => done);
  };
  start('runs', (onStep) => followRuns(runs, onStep));
  start('output', (onStep) => followOutputs(shared, onStep));
  start('requests', (onStep) => followRequests(shared, onStep));
  start('events', (onStep) => followForPublic({ ...shared, onForeign: reportForeign(log) }, onStep));

  const lag = watchLag(connection, shard, metrics);
  defer('lag', () => clearInterval(lag));
  const admin = await startAdminServer({
    port: config.MILLRACE_ADMIN_PORT,
    metrics: registry,
    health: () => {
      const loops = Object.entries(health).map(([name, loop]) => [name, loop.read()] as const);
      const dependencies = { nats: { ok: connection.isConnected() }, ...Object.fromEntries(loops) };
      return { ready: Object.values(dependencies).every(({ ok }) => ok), dependencies };
    },
  });
  defer('admin', admin.close);
  return { adminPort: admin.port };
});
