import { DEFAULT_SHARD } from '@millrace/contracts';
import { checkRing, connectLog } from '@millrace/eventlog';
import { AppError } from '@millrace/kernel';
import { makeIds, makeMetrics, runService, startAdminServer, startTelemetry, systemClock } from '@millrace/runtime';
import { loadSchedulerConfig } from './config.ts';
import { makeSchedulerMetrics } from './scheduler-metrics.ts';
import { startScheduler } from './scheduler.ts';
import { keepShards } from './shards/keep-shards.ts';

/** Exit code of a leader that was deposed: not a defect, the next start stands by or leads again. */
const EXIT_DEPOSED = 75;

await runService('scheduler', async ({ log, env, signal, defer, fail }) => {
  const config = loadSchedulerConfig(env);
  const instance = makeIds().shortId();
  const telemetry = await startTelemetry({ service: 'scheduler', instance, env });
  defer('telemetry', telemetry.shutdown);
  const connection = await connectLog({ url: config.NATS_URL, name: `scheduler ${instance}` });
  defer('connection', connection.close);

  const ring = await checkRing(connection, config.MILLRACE_SHARDS, signal);
  const metrics = makeMetrics('scheduler');
  const shared = {
    connection,
    ring,
    instance,
    concurrentRunsMax: config.MILLRACE_MAX_CONCURRENT_RUNS,
    deleteGraceMs: config.MILLRACE_DELETE_GRACE_MS,
    snapshotIntervalMs: config.MILLRACE_SNAPSHOT_INTERVAL_MS,
    telemetry,
    metricsOf: makeSchedulerMetrics(metrics, ring.shards),
    clock: systemClock,
    log,
    signal,
  };
  const onEnd = (error: unknown): void => {
    const isDeposed = error instanceof AppError && error.code === 'lease.lost';
    if (isDeposed) fail('another scheduler leads', error, EXIT_DEPOSED);
    else fail('cannot go on', error);
  };
  const scheduler =
    ring.shards === 1
      ? startScheduler({ ...shared, shard: DEFAULT_SHARD, onEnd })
      : keepShards({ ...shared, onFail: (error) => fail('cannot go on', error) });
  defer('scheduler', () => scheduler.close());

  const admin = await startAdminServer({ port: config.MILLRACE_ADMIN_PORT, metrics, health: () => scheduler.health() });
  defer('admin server', admin.close);
  await scheduler.ready;
  return { adminPort: admin.port };
});
