import { randomBytes } from 'node:crypto';
import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type Static, Type } from 'typebox';
import {
  type WebhookChange,
  WebhookChangeSchema,
  WebhookCreatedSchema,
  WebhookCreateSchema,
  type WebhookEndpoint,
  WebhookListSchema,
  WebhookSchema,
  webhookSecretPlace,
  type WebhookStart,
  type WebhookView,
} from '@millrace/contracts';
import { checkOutboundUrl, eventsOf, interestsOf, type OutboundPolicy } from '@millrace/domain';
import {
  type LogConnection,
  openWebhookDeliveries,
  openWebhookEndpoints,
  type WebhookDeliveries,
  type WebhookEndpoints,
  webhookStartNow,
} from '@millrace/eventlog';
import { AppError, type Clock } from '@millrace/kernel';
import { type Ids, type Logger } from '@millrace/runtime';
import { type KeyRing, sealValue } from '@millrace/secrets';
import { principalOf } from '../auth/require-access.ts';
import { WEBHOOKS_MAX } from '../limits.ts';
import { CONFLICT, NOT_FOUND, NOTHING, PROBLEMS } from './problem-responses.ts';
import { webhookDeliveriesRoutes } from './webhook-deliveries.ts';

export interface WebhooksRoutesOptions {
  readonly connection: LogConnection;
  readonly keyRing: KeyRing;
  readonly ids: Ids;
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: { readonly outbound: OutboundPolicy };
}

export interface WebhooksRoutesDeps extends WebhooksRoutesOptions {
  readonly endpoints: WebhookEndpoints;
  readonly deliveries: WebhookDeliveries;
}

type TypedApp = Parameters<FastifyPluginAsyncTypebox>[0];

const ID_PARAM = Type.Object({ id: Type.String({ pattern: '^wh_[0-9a-f]{6,64}$' }) });
const SECRET_BYTES = 32;

/** Receivers like to put keys into queries. */
const withoutQuery = (text: string): string => {
  const url = new URL(text);
  return url.search === '' ? text : `${url.origin}${url.pathname}?…`;
};

const toView = (endpoint: WebhookEndpoint): WebhookView => ({
  id: endpoint.id,
  url: withoutQuery(endpoint.url),
  description: endpoint.description,
  events: endpoint.events,
  format: endpoint.format,
  created_at: endpoint.createdAt,
  enabled: endpoint.enabled,
  ...(endpoint.disabledReason === undefined ? {} : { disabled_reason: endpoint.disabledReason }),
});

/** @throws AppError `not_found` `webhook.not_found`. */
export const findWebhook = (endpoints: WebhookEndpoints, id: string): WebhookEndpoint => {
  const endpoint = endpoints.get(id);
  if (endpoint !== undefined) return endpoint;
  throw new AppError('not_found', 'webhook.not_found', 'there is no such webhook');
};

/** @throws AppError `refused` `secret.no_master_key`, `webhook.too_many`; `invalid` when the URL or an event is. */
const makeEndpoint = async (
  { url, events, format = 'millrace', description = '' }: Static<typeof WebhookCreateSchema>,
  { connection, endpoints, keyRing, ids, clock, settings }: WebhooksRoutesDeps,
): Promise<{ readonly endpoint: WebhookEndpoint; readonly secret: string }> => {
  if (keyRing.current === undefined) {
    throw new AppError('refused', 'secret.no_master_key', 'this server has no master key, so that it keeps no secrets');
  }
  if (endpoints.list().length >= WEBHOOKS_MAX) {
    throw new AppError('refused', 'webhook.too_many', `there are ${WEBHOOKS_MAX} webhooks already`);
  }
  const checked = checkOutboundUrl(url, settings.outbound);
  const id = `wh_${ids.shortId()}`;
  const secret = `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
  const createdAt = new Date(clock.now()).toISOString();
  const endpoint: WebhookEndpoint = {
    id,
    url: checked.href,
    description,
    events: [...eventsOf(events, format)],
    format,
    secret: sealValue(keyRing.current, webhookSecretPlace(id), secret, createdAt),
    createdAt,
    enabled: true,
    start: await webhookStartNow(connection),
  };
  return { endpoint, secret };
};

const createRoute = (app: TypedApp, deps: WebhooksRoutesDeps): void => {
  app.post(
    '/webhooks',
    {
      schema: {
        operationId: 'createWebhook',
        summary: 'Tell a receiver what happens from now on; the signing secret is shown this once',
        tags: ['webhooks'],
        body: WebhookCreateSchema,
        response: { 201: WebhookCreatedSchema, ...PROBLEMS, ...CONFLICT },
      },
      config: { access: 'admin' },
    },
    async (request, reply) => {
      const { endpoint, secret } = await makeEndpoint(request.body, deps);
      await deps.endpoints.put(endpoint);
      deps.log.info('webhook created', { webhook: endpoint.id, by: principalOf(request).id });
      reply.code(201).header('cache-control', 'no-store').header('location', `/webhooks/${endpoint.id}`);
      return { ...toView(endpoint), secret };
    },
  );
};

const listRoute = (app: TypedApp, { endpoints }: WebhooksRoutesDeps): void => {
  app.get(
    '/webhooks',
    {
      schema: {
        operationId: 'listWebhooks',
        summary: 'Receivers, without their secrets',
        tags: ['webhooks'],
        response: { 200: WebhookListSchema, ...PROBLEMS },
      },
      config: { access: 'admin' },
    },
    async () => ({ webhooks: endpoints.list().map(toView) }),
  );
};

/** What it did not ask for before begins now. */
const startAfter = (
  { events: before, start }: WebhookEndpoint,
  after: readonly string[],
  now: WebhookStart,
): WebhookStart => {
  const [was, is] = [interestsOf(before), interestsOf(after)];
  return {
    events: was.runs.length === 0 && is.runs.length > 0 ? now.events : start.events,
    catalog: !was.workflows && is.workflows ? now.catalog : start.catalog,
    tokens: !was.tokens && is.tokens ? now.tokens : start.tokens,
  };
};

/** @throws AppError `invalid` when the URL or an event is. */
const changeOf = (
  { url, events, description }: WebhookChange,
  current: WebhookEndpoint,
  { now, outbound }: { readonly now: WebhookStart; readonly outbound: OutboundPolicy },
): WebhookEndpoint => {
  const wanted = events === undefined ? current.events : [...eventsOf(events, current.format)];
  return {
    ...current,
    url: url === undefined ? current.url : checkOutboundUrl(url, outbound).href,
    description: description ?? current.description,
    events: wanted,
    start: startAfter(current, wanted, now),
  };
};

const changeRoute = (app: TypedApp, { connection, endpoints, log, settings }: WebhooksRoutesDeps): void => {
  app.patch(
    '/webhooks/:id',
    {
      schema: {
        operationId: 'changeWebhook',
        summary: 'Another address, other events, another description; the secret and what is owed stay',
        tags: ['webhooks'],
        params: ID_PARAM,
        body: WebhookChangeSchema,
        response: { 200: WebhookSchema, ...PROBLEMS, ...NOT_FOUND },
      },
      config: { access: 'admin' },
    },
    async (request) => {
      const { id } = findWebhook(endpoints, request.params.id);
      const context = { now: await webhookStartNow(connection), outbound: settings.outbound };
      const changed = await endpoints.change(id, (current) => changeOf(request.body, current, context));
      log.info('webhook changed', { webhook: id, by: principalOf(request).id });
      return toView(changed);
    },
  );
};

const removeRoute = (app: TypedApp, { endpoints, log }: WebhooksRoutesDeps): void => {
  app.delete(
    '/webhooks/:id',
    {
      schema: {
        operationId: 'removeWebhook',
        summary: 'Tell a receiver nothing any more; what it is still owed is dropped',
        tags: ['webhooks'],
        params: ID_PARAM,
      },
      config: { access: 'admin', describe: { response: { ...NOTHING, ...PROBLEMS, ...NOT_FOUND } } },
    },
    async (request, reply) => {
      const { id } = findWebhook(endpoints, request.params.id);
      await endpoints.remove(id);
      log.info('webhook removed', { webhook: id, by: principalOf(request).id });
      return reply.code(204).send();
    },
  );
};

const enableRoute = (app: TypedApp, { connection, endpoints, deliveries, log }: WebhooksRoutesDeps): void => {
  app.post(
    '/webhooks/:id/enable',
    {
      schema: {
        operationId: 'enableWebhook',
        summary: 'Try a receiver again that was disabled; it gets what happens from now on, and what it was owed',
        tags: ['webhooks'],
        params: ID_PARAM,
        response: { 200: WebhookSchema, ...PROBLEMS, ...NOT_FOUND },
      },
      config: { access: 'admin' },
    },
    async (request) => {
      const found = findWebhook(endpoints, request.params.id);
      if (found.enabled) return toView(found);
      await deliveries.removeTrouble(found.id);
      const start = await webhookStartNow(connection);
      const enabled = await endpoints.change(found.id, (current) => {
        const changed = { ...current, enabled: true, start };
        delete changed.disabledReason;
        return changed;
      });
      log.info('webhook enabled', { webhook: found.id, by: principalOf(request).id });
      return toView(enabled);
    },
  );
};

/** `/webhooks` and everything below; all for admins only. */
export const webhooksRoutes: FastifyPluginAsyncTypebox<WebhooksRoutesOptions> = async (app, options) => {
  const endpoints = openWebhookEndpoints(options.connection);
  app.addHook('onClose', endpoints.close);
  await endpoints.ready;
  const deps = { ...options, endpoints, deliveries: openWebhookDeliveries(options.connection) };
  createRoute(app, deps);
  listRoute(app, deps);
  changeRoute(app, deps);
  removeRoute(app, deps);
  enableRoute(app, deps);
  await app.register(webhookDeliveriesRoutes, deps);
};
