import { join, resolve } from 'node:path';
import { connectLog, makeOutputWriter, openBundles, openRunKeys } from '@millrace/eventlog';
import { loadKeyRing, makeRunSealers, openSecretValues } from '@millrace/secrets';
import { makeIds, makeMetrics, runService, startAdminServer, startTelemetry, systemClock } from '@millrace/runtime';
import { makeLaunch } from './attempts/launch.ts';
import { makeSecretsOf } from './attempts/run-secrets.ts';
import { makeBundleCache } from './bundles.ts';
import { baseEnvironment, readGrants } from './child-environment.ts';
import { startChildProcesses } from './child-processes.ts';
import { capacityOf, readConfig } from './config.ts';
import { makeExecutorMetrics } from './executor-metrics.ts';
import { runSessions } from './run-sessions.ts';

await runService('executor', async ({ log, env, defer, fail }) => {
  const config = readConfig(env);
  const ids = makeIds();
  const home = resolve(config.MILLRACE_DATA_DIR, 'executor');

  const telemetry = await startTelemetry({ service: 'executor' });
  defer('telemetry', telemetry.shutdown);
  const connection = await connectLog({ url: config.NATS_URL, name: 'executor' });
  defer('log', connection.close);
  const secrets = openSecretValues(connection, { ring: loadKeyRing(env), log });
  defer('secrets', secrets.close);
  await secrets.ready;
  const output = makeOutputWriter(connection, { shard: config.MILLRACE_SHARD });
  defer('output', output.close);

  const processes = startChildProcesses({ config, home, ids, log });
  defer('child processes', processes.close);

  const registry = makeMetrics('executor');
  const bundles = makeBundleCache({ directory: join(home, 'bundles'), fetch: openBundles(connection).get });
  const environment = baseEnvironment(config.MILLRACE_SCRIPT_PATH);
  const grants = readGrants(config.MILLRACE_SCRIPT_ENV, env);
  const sessions = runSessions({
    newId: () => `ex_${ids.shortId()}`,
    onFatal: (error) => fail('session ended', error),
    connection,
    shard: config.MILLRACE_SHARD,
    ...capacityOf(config),
    heartbeatMs: config.MILLRACE_HEARTBEAT_MS,
    drainGraceMs: config.MILLRACE_DRAIN_GRACE_MS,
    launch: makeLaunch({ ...processes, bundles, environment, grants, secretsOf: makeSecretsOf(secrets) }),
    sealerOf: makeRunSealers(openRunKeys(connection)).find,
    processes,
    output,
    telemetry,
    metrics: makeExecutorMetrics(registry),
    clock: systemClock,
    log,
  });
  defer('sessions', sessions.drain);
  registry.observed({ name: 'millrace_attempts_running', help: 'Attempts held now.' }, sessions.running);

  const admin = await startAdminServer({
    port: config.MILLRACE_ADMIN_PORT,
    metrics: registry,
    health: () => {
      const dependencies = { nats: { ok: connection.isConnected() }, scheduler: { ok: sessions.isLeased() } };
      return { ready: Object.values(dependencies).every(({ ok }) => ok), dependencies };
    },
  });
  defer('admin', admin.close);
  processes.workflows.warm();
  return { adminPort: admin.port };
});
