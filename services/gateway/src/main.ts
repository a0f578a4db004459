import { systemClock, makeIds, makeMetrics, runService, startAdminServer, startTelemetry } from '@millrace/runtime';
import { checkRing, connectLog } from '@millrace/eventlog';
import { openReadModel } from '@millrace/read-model';
import { loadKeyRing } from '@millrace/secrets';
import { openRunWriter } from './admission/run-writer.ts';
import { buildGateway } from './app.ts';
import { openStores } from './open-stores.ts';
import { portOf, portsOf } from './port-of.ts';
import { keepConfiguredToken } from './auth/configured-token.ts';
import { loadGatewayConfig, settingsOf } from './config.ts';
import { READ_POOL_MAX } from './limits.ts';

await runService('gateway', async ({ log, env, signal, defer, fail }) => {
  const config = loadGatewayConfig(env);
  const settings = settingsOf(config, env);
  const clock = systemClock;
  const ids = makeIds(clock);
  const gatewayId = `gw_${ids.shortId()}`;
  const metrics = makeMetrics('gateway');

  const telemetry = await startTelemetry({ service: 'gateway', instance: gatewayId, ids, env });
  defer('telemetry', telemetry.shutdown);
  const connection = await connectLog({ url: config.NATS_URL, name: gatewayId });
  defer('log', connection.close);
  void connection.closed.then((error) => {
    if (!signal.aborted) fail('the connection to the log is closed', error);
  });
  const ring = await checkRing(connection, config.MILLRACE_SHARDS, signal);
  const pool = { url: config.DATABASE_URL, poolMax: READ_POOL_MAX, applicationName: gatewayId } as const;
  const readModel = openReadModel({ ...pool, access: 'read' });
  defer('read model', readModel.close);
  const keyRing = loadKeyRing(env);
  const stores = await openStores(connection, keyRing, { defer, log });
  if (config.MILLRACE_TOKEN !== undefined) await keepConfiguredToken(stores.tokens, config.MILLRACE_TOKEN, clock);
  const writer = openRunWriter(connection, ring);
  defer('event writer', writer.close);

  const { app, listeners } = await buildGateway({
    settings,
    ring,
    gatewayId,
    log,
    clock,
    ids,
    telemetry,
    metrics,
    connection,
    writer,
    readModel,
    keyRing,
    ...stores,
  });
  defer('http', () => app.close());
  const health = () => ({ ready: connection.isConnected(), dependencies: { nats: { ok: connection.isConnected() } } });
  const admin = await startAdminServer({ port: config.MILLRACE_ADMIN_PORT, metrics, health });
  defer('admin', admin.close);
  await app.listen({ host: config.MILLRACE_BIND, port: config.MILLRACE_PORT });
  for (const { app: side, port } of listeners) await side.listen({ host: config.MILLRACE_BIND, port });
  return { port: portOf(app.server), adminPort: admin.port, ...portsOf(listeners) };
});
