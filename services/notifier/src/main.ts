import { connectLog, openWebhookDeliveries, openWebhookEndpoints } from '@millrace/eventlog';
import { AppError } from '@millrace/kernel';
import { type HealthReport, makeIds, makeMetrics, runService, startAdminServer, systemClock } from '@millrace/runtime';
import { loadKeyRing } from '@millrace/secrets';
import { readSettings } from './config.ts';
import { type EndpointDeps } from './delivery/endpoint-deps.ts';
import { type Notifier, startNotifier } from './delivery/notifier.ts';
import { makeSendMessage } from './delivery/send-message.ts';
import { becomeLeader } from './leadership.ts';
import { makeMessages } from './messages/make-message.ts';
import { makeNotifierMetrics } from './notifier-metrics.ts';
import { makeOutboundClient } from './outbound/outbound-client.ts';
import { makeSystemResolve } from './outbound/resolve.ts';

/** Another notifier has taken over: start again and stand by. */
const DEPOSED_EXIT_CODE = 75;

const healthOf = (isConnected: boolean, isDelivering: boolean): HealthReport => ({
  ready: isConnected,
  dependencies: {
    nats: { ok: isConnected },
    deliveries: { ok: true, detail: isDelivering ? 'delivering' : 'standing by' },
  },
});

await runService('notifier', async ({ log, env, signal, defer, fail }) => {
  const settings = readSettings(env);
  const clock = systemClock;
  const writer = `notifier_${makeIds(clock).shortId()}`;
  const keys = loadKeyRing(env);
  const connection = await connectLog({ url: settings.natsUrl, name: writer });
  defer('log', connection.close);
  const endpoints = openWebhookEndpoints(connection);
  defer('endpoints', endpoints.close);
  await endpoints.ready;

  let notifier: Notifier | undefined;
  const registry = makeMetrics('notifier');
  const metrics = makeNotifierMetrics(registry, () => notifier);
  const client = makeOutboundClient({ ...settings, resolve: makeSystemResolve() });
  const deps: EndpointDeps = {
    connection,
    deliveries: openWebhookDeliveries(connection),
    makeMessage: makeMessages(connection),
    send: makeSendMessage({ client, keys, clock }),
    clock,
    chance: Math.random,
    schedule: settings.schedule,
    timeoutMs: settings.timeoutMs,
    log,
    metrics,
    writer,
    disable: async ({ id }, disabledReason) => {
      await endpoints.change(id, (current) => ({ ...current, enabled: false, disabledReason }));
    },
  };

  const onDeposed = (): void => {
    fail('stands down', new AppError('conflict', 'notifier.deposed', 'another one delivers'), DEPOSED_EXIT_CODE);
  };
  const begin = async (): Promise<void> => {
    const leadership = await becomeLeader(connection, writer, { signal, onDeposed });
    if (leadership === undefined) return;
    defer('leadership', leadership.close);
    notifier = await startNotifier(endpoints, deps);
    defer('deliveries', () => notifier?.close());
    log.info('delivers webhooks', { endpoints: notifier.enabled() });
  };
  const beginning = begin().catch((error: unknown) => {
    if (!signal.aborted) fail('could not begin to deliver', error);
  });
  defer('beginning', () => beginning);

  const health = () => healthOf(connection.isConnected(), notifier !== undefined);
  const admin = await startAdminServer({ port: settings.adminPort, metrics: registry, health });
  defer('admin', admin.close);
  return { adminPort: admin.port };
});
