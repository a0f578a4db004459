import { join, resolve } from 'node:path';
import { DEFAULT_SHARD } from '@millrace/contracts';
import { checkRing, connectLog, makeOutputWriter, openBundles, openRunKeys } from '@millrace/eventlog';
import { loadKeyRing, makeRunSealers, openSecretValues } from '@millrace/secrets';
import {
  type Environment,
  type HealthReport,
  makeIds,
  makeMetrics,
  runService,
  startAdminServer,
  startTelemetry,
  systemClock,
} from '@millrace/runtime';
import { makeLaunch } from './attempts/launch.ts';
import { makeSecretsOf } from './attempts/run-secrets.ts';
import { makeBundleCache } from './bundles.ts';
import { baseEnvironment, readGrants } from './child-environment.ts';
import { startChildProcesses } from './child-processes.ts';
import { capacityOf, type Config, readConfig } from './config.ts';
import { makeExecutorMetrics } from './executor-metrics.ts';
import { runAllSessions } from './run-sessions.ts';

/** What every script gets besides its own. */
const scriptsOf = (config: Config, env: Environment) => ({
  environment: baseEnvironment(config.MILLRACE_SCRIPT_PATH),
  grants: readGrants(config.MILLRACE_SCRIPT_ENV, env),
});

const healthOf = (isConnected: boolean, isLeased: boolean): HealthReport => ({
  ready: isConnected && isLeased,
  dependencies: { nats: { ok: isConnected }, scheduler: { ok: isLeased } },
});

await runService('executor', async ({ log, env, signal, defer, fail }) => {
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
  const ring = await checkRing(connection, config.MILLRACE_SHARDS, signal);

  const processes = startChildProcesses({ config, shards: ring.shards, home, ids, log });
  defer('child processes', processes.close);

  const registry = makeMetrics('executor');
  const bundles = makeBundleCache({ directory: join(home, 'bundles'), fetch: openBundles(connection).get });
  const launching = { bundles, ...scriptsOf(config, env), secretsOf: makeSecretsOf(secrets) };
  const shared = {
    newId: () => `ex_${ids.shortId()}`,
    onFatal: (error: unknown) => fail('session ended', error),
    connection,
    shards: ring.shards,
    seed: ids.shortId(),
    ...capacityOf(config),
    heartbeatMs: config.MILLRACE_HEARTBEAT_MS,
    drainGraceMs: config.MILLRACE_DRAIN_GRACE_MS,
    sealerOf: makeRunSealers(openRunKeys(connection)).find,
    telemetry,
    metrics: makeExecutorMetrics(registry),
    clock: systemClock,
    log,
  };
  const sessions = runAllSessions(shared, (shard) => {
    const own = processes.of(shard);
    const output = makeOutputWriter(connection, { shard });
    defer('output', output.close);
    return { processes: own, output, launch: makeLaunch({ ...own, ...launching }) };
  });
  defer('sessions', sessions.drain);
  registry.observed({ name: 'millrace_attempts_running', help: 'Attempts held now.' }, sessions.running);

  const admin = await startAdminServer({
    port: config.MILLRACE_ADMIN_PORT,
    metrics: registry,
    health: () => healthOf(connection.isConnected(), sessions.isLeased()),
  });
  defer('admin', admin.close);
  processes.of(DEFAULT_SHARD).workflows.warm();
  return { adminPort: admin.port };
});
