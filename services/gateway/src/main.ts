import { type Server } from 'node:http';
import { systemClock, makeIds, makeMetrics, runService, startAdminServer, startTelemetry } from '@millrace/runtime';
import { logSubject } from '@millrace/contracts';
import { connectLog, makeEventWriter, openCatalog, openTokens } from '@millrace/eventlog';
import { openReadModel } from '@millrace/read-model';
import { buildApp } from './app.ts';
import { keepConfiguredToken } from './auth/configured-token.ts';
import { loadGatewayConfig, settingsOf } from './config.ts';
import { APPEND_TIMEOUT_MS, APPENDS_IN_FLIGHT_MAX, READ_POOL_MAX } from './limits.ts';

/** The port that was taken, when the configuration left it open. */
const portOf = (server: Server): number => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) return address.port;
  throw new Error('the server listens on no port');
};

await runService('gateway', async ({ log, env, defer, fail }) => {
  const config = loadGatewayConfig(env);
  const settings = settingsOf(config);
  const clock = systemClock;
  const ids = makeIds(clock);
  const gatewayId = `gw_${ids.shortId()}`;
  const metrics = makeMetrics('gateway');

  const telemetry = await startTelemetry({ service: 'gateway', instance: gatewayId, ids, env });
  defer('telemetry', telemetry.shutdown);
  const connection = await connectLog({ url: config.NATS_URL, name: gatewayId });
  defer('log', connection.close);
  void connection.closed.then((error) => fail('the connection to the log is closed', error));
  const readModel = openReadModel({
    url: config.DATABASE_URL,
    poolMax: READ_POOL_MAX,
    applicationName: gatewayId,
    access: 'read',
  });
  defer('read model', readModel.close);
  const catalog = openCatalog(connection);
  defer('catalog', catalog.close);
  const tokens = openTokens(connection);
  defer('tokens', tokens.close);
  await Promise.all([catalog.ready, tokens.ready]);
  if (config.MILLRACE_TOKEN !== undefined) await keepConfiguredToken(tokens, config.MILLRACE_TOKEN, clock);
  const writer = makeEventWriter(connection, {
    shard: settings.shard,
    subject: logSubject.commit(settings.shard),
    inFlightMax: APPENDS_IN_FLIGHT_MAX,
    timeoutMs: APPEND_TIMEOUT_MS,
    retry: 'never',
  });
  defer('event writer', writer.close);

  const app = await buildApp({
    settings,
    gatewayId,
    log,
    clock,
    ids,
    telemetry,
    metrics,
    connection,
    readModel,
    catalog,
    tokens,
    writer,
  });
  defer('http', () => app.close());
  const health = () => ({ ready: connection.isConnected(), dependencies: { nats: { ok: connection.isConnected() } } });
  const admin = await startAdminServer({ port: config.MILLRACE_ADMIN_PORT, metrics, health });
  defer('admin', admin.close);
  await app.listen({ host: config.MILLRACE_BIND, port: config.MILLRACE_PORT });
  return { port: portOf(app.server), adminPort: admin.port };
});
