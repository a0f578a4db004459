import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import {
  DEFAULT_WORKSPACE,
  TEST_WEBHOOK_EVENT,
  type WebhookAttempt,
  type WebhookDelivery,
  WebhookDeliveryListSchema,
  type WebhookDeliveryView,
  type WebhookEndpoint,
  WebhookRecoveredSchema,
  WebhookRecoverSchema,
  WebhookSendingSchema,
} from '@millrace/contracts';
import { AppError } from '@millrace/kernel';
import { WEBHOOK_DELIVERIES_LISTED_MAX } from '../limits.ts';
import { CONFLICT, NOT_FOUND, PROBLEMS } from './problem-responses.ts';
import { findWebhook, type WebhooksRoutesDeps } from './webhooks.ts';

type TypedApp = Parameters<FastifyPluginAsyncTypebox>[0];

const ENDPOINT_ID = Type.String({ pattern: '^wh_[0-9a-f]{6,64}$' });
const ID_PARAM = Type.Object({ id: ENDPOINT_ID });
const DELIVERY_PARAMS = Type.Object({ id: ENDPOINT_ID, delivery: Type.String({ pattern: '^msg_[0-9a-f]{6,64}$' }) });
/** What we write here is for the notifier: it passes by what it has written itself. */
const WRITER = 'gateway';

const attemptView = ({ attempt, at, durationMs, status, error, response }: WebhookAttempt) => ({
  attempt,
  at,
  duration_ms: durationMs,
  ...(status === undefined ? {} : { status }),
  ...(error === undefined ? {} : { error }),
  ...(response === undefined ? {} : { response }),
});

const stateOf = (last: WebhookAttempt | undefined): WebhookDeliveryView['state'] =>
  last?.outcome === 'failed' ? 'failed' : 'delivered';

const deliveryView = (
  id: string,
  attempts: readonly WebhookAttempt[],
  owed: WebhookDelivery | undefined,
): WebhookDeliveryView => {
  const last = attempts.at(-1);
  const { event, subject } = owed ?? last ?? { event: '', subject: '' };
  const isWaiting = owed?.state === 'waiting';
  return {
    id,
    event,
    subject,
    state: owed?.state ?? stateOf(last),
    ...(isWaiting ? { next_attempt_at: new Date(owed.dueAt).toISOString() } : {}),
    attempts: attempts.map(attemptView),
  };
};

/** The one with the newest attempt first; what was not tried yet before everything. */
const viewsOf = (
  attempts: readonly WebhookAttempt[],
  owed: readonly WebhookDelivery[],
): readonly WebhookDeliveryView[] => {
  const byId = new Map<string, WebhookAttempt[]>();
  for (const attempt of [...attempts].reverse()) {
    const known = byId.get(attempt.id);
    if (known === undefined) byId.set(attempt.id, [attempt]);
    else known.unshift(attempt);
  }
  const untried = owed.filter(({ id }) => !byId.has(id)).map(({ id }) => id);
  const owedById = new Map(owed.map((delivery) => [delivery.id, delivery]));
  return [...untried, ...byId.keys()]
    .slice(0, WEBHOOK_DELIVERIES_LISTED_MAX)
    .map((id) => deliveryView(id, byId.get(id) ?? [], owedById.get(id)));
};

const listRoute = (app: TypedApp, { endpoints, deliveries }: WebhooksRoutesDeps): void => {
  app.get(
    '/webhooks/:id/deliveries',
    {
      schema: {
        operationId: 'listWebhookDeliveries',
        summary: 'What was sent to a receiver and what it answered, the newest first',
        tags: ['webhooks'],
        params: ID_PARAM,
        response: { 200: WebhookDeliveryListSchema, ...PROBLEMS, ...NOT_FOUND },
      },
      config: { access: 'admin' },
    },
    async (request) => {
      const { id } = findWebhook(endpoints, request.params.id);
      const [attempts, owed] = await Promise.all([deliveries.attempts(id), deliveries.list(id)]);
      return { deliveries: [...viewsOf(attempts, owed)] };
    },
  );
};

/** @throws AppError `refused` `webhook.disabled`. */
const checkEnabled = ({ enabled, disabledReason = 'disabled' }: WebhookEndpoint): void => {
  if (!enabled) throw new AppError('refused', 'webhook.disabled', `enable the webhook first: ${disabledReason}`);
};

const testRoute = (app: TypedApp, { endpoints, deliveries, ids, clock }: WebhooksRoutesDeps): void => {
  app.post(
    '/webhooks/:id/test',
    {
      schema: {
        operationId: 'testWebhook',
        summary: 'Send a receiver a message that says nothing but that it is a test',
        tags: ['webhooks'],
        params: ID_PARAM,
        response: { 202: WebhookSendingSchema, ...PROBLEMS, ...NOT_FOUND, ...CONFLICT },
      },
      config: { access: 'admin' },
    },
    async (request, reply) => {
      const endpoint = findWebhook(endpoints, request.params.id);
      checkEnabled(endpoint);
      const id = `msg_${ids.traceId()}`;
      const now = clock.now();
      await deliveries.put({
        id,
        endpoint: endpoint.id,
        event: TEST_WEBHOOK_EVENT,
        subject: endpoint.id,
        state: 'waiting',
        body: testBody(endpoint, { id, now }),
        contentType: endpoint.format === 'millrace' ? 'application/cloudevents+json' : 'application/json',
        failures: 0,
        attempts: 0,
        dueAt: now,
        writer: WRITER,
      });
      reply.code(202);
      return { id };
    },
  );
};

const testBody = (
  { id: endpoint, format }: WebhookEndpoint,
  { id, now }: { readonly id: string; readonly now: number },
): string => {
  if (format === 'windmill') return JSON.stringify({ type: 'Test', workspace: DEFAULT_WORKSPACE });
  return JSON.stringify({
    specversion: '1.0',
    id,
    source: '/millrace/gateway',
    type: `dev.millrace.${TEST_WEBHOOK_EVENT}.v1`,
    subject: endpoint,
    time: new Date(now).toISOString(),
    datacontenttype: 'application/json',
    workspace: DEFAULT_WORKSPACE,
    data: { message: 'this is a test' },
  });
};

/** The delivery as it is tried again at once, with the whole schedule before it. */
const again = (delivery: WebhookDelivery, now: number): WebhookDelivery => ({
  ...delivery,
  state: 'waiting',
  failures: 0,
  dueAt: now,
  writer: WRITER,
});

/** What was delivered is kept without its body: it is made again from where it came from. */
const fromAttempt = ({ id, endpoint, event, subject, source, attempt }: WebhookAttempt): WebhookDelivery | undefined =>
  source === undefined
    ? undefined
    : {
        id,
        endpoint,
        event,
        subject,
        source,
        state: 'waiting',
        contentType: 'application/json',
        failures: 0,
        attempts: attempt,
        dueAt: 0,
        writer: WRITER,
      };

const resendRoute = (app: TypedApp, { endpoints, deliveries, clock }: WebhooksRoutesDeps): void => {
  app.post(
    '/webhooks/:id/deliveries/:delivery/resend',
    {
      schema: {
        operationId: 'resendWebhookDelivery',
        summary: 'Send a message again, under the same id',
        tags: ['webhooks'],
        params: DELIVERY_PARAMS,
        response: { 202: WebhookSendingSchema, ...PROBLEMS, ...NOT_FOUND, ...CONFLICT },
      },
      config: { access: 'admin' },
    },
    async (request, reply) => {
      const { id, delivery } = request.params;
      checkEnabled(findWebhook(endpoints, id));
      const owed = await deliveries.find(id, delivery);
      const tried = (await deliveries.attempts(id)).findLast((attempt) => attempt.id === delivery);
      const found = owed ?? (tried === undefined ? undefined : fromAttempt(tried));
      if (found === undefined) {
        throw new AppError('not_found', 'webhook.delivery_not_found', 'this message is not known any more');
      }
      await deliveries.put(again(found, clock.now()));
      reply.code(202);
      return { id: delivery };
    },
  );
};

const recoverRoute = (app: TypedApp, { endpoints, deliveries, clock }: WebhooksRoutesDeps): void => {
  app.post(
    '/webhooks/:id/recover',
    {
      schema: {
        operationId: 'recoverWebhookDeliveries',
        summary: 'Send everything again that has failed for good since a time',
        tags: ['webhooks'],
        params: ID_PARAM,
        body: WebhookRecoverSchema,
        response: { 202: WebhookRecoveredSchema, ...PROBLEMS, ...NOT_FOUND, ...CONFLICT },
      },
      config: { access: 'admin' },
    },
    async (request, reply) => {
      const endpoint = findWebhook(endpoints, request.params.id);
      checkEnabled(endpoint);
      const since = Date.parse(request.body.since);
      const failed = (await deliveries.list(endpoint.id)).filter(
        ({ state, failedAt = 0 }) => state === 'failed' && failedAt >= since,
      );
      for (const delivery of failed) await deliveries.put(again(delivery, clock.now()));
      reply.code(202);
      return { recovered: failed.length };
    },
  );
};

/** What was sent to a receiver, and ways to send it again. */
export const webhookDeliveriesRoutes: FastifyPluginAsyncTypebox<WebhooksRoutesDeps> = async (app, deps) => {
  listRoute(app, deps);
  testRoute(app, deps);
  resendRoute(app, deps);
  recoverRoute(app, deps);
};
