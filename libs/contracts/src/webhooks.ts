import { type Static, Type } from 'typebox';
import { RUN_EVENT_SCHEMAS, eventName, isTerminal, type RunEventType } from './run-events.ts';
import { SealedValueSchema } from './secrets.ts';
import { DEFAULT_WORKSPACE } from './subjects.ts';

/** Streams and subjects of outgoing webhooks. An endpoint and a delivery are one subject token each. */
export const DELIVERIES_STREAM = 'WEBHOOK_DELIVERIES';
export const DELIVERY_ATTEMPTS_STREAM = 'WEBHOOK_ATTEMPTS';

export const webhookSubject = {
  /** Its last message is what is still to be done about a delivery; none: nothing is. */
  delivery: (endpoint: string, delivery: string): string => `webhook.delivery.${endpoint}.${delivery}`,
  /** Its last message says since when every attempt at an endpoint has failed. */
  trouble: (endpoint: string): string => `webhook.trouble.${endpoint}`,
  /** Whoever delivers; see `openNotifierLease`. */
  lease: 'webhook.lease',
  deliveriesOf: (endpoint: string): string => `webhook.delivery.${endpoint}.*`,
  allDeliveries: 'webhook.delivery.*.*',
  allTroubles: 'webhook.trouble.*',
  /** What was tried at an endpoint, the newest last. */
  attempts: (endpoint: string): string => `webhookattempts.${endpoint}`,
  allAttempts: 'webhookattempts.*',
} as const;

const RUN_EVENT_TYPES = Object.keys(RUN_EVENT_SCHEMAS) as RunEventType[];

/** Names of run events as a filter has them, with their types: `run.attempt.lost`. */
export const RUN_WEBHOOK_EVENTS: ReadonlyMap<string, RunEventType> = new Map(
  RUN_EVENT_TYPES.map((type) => [`run.${eventName(type)}`, type]),
);

export const WORKFLOW_WEBHOOK_EVENTS = ['workflow.deployed', 'workflow.removed', 'workflow.refused'] as const;
export const TOKEN_WEBHOOK_EVENTS = ['token.created', 'token.changed', 'token.revoked'] as const;
/** Sent when somebody asks for it, whatever the filter says. */
export const TEST_WEBHOOK_EVENT = 'webhook.test';

/** Names that stand for several events. */
export const WEBHOOK_EVENT_GROUPS: Readonly<Record<string, readonly string[]>> = {
  'run.*': [...RUN_WEBHOOK_EVENTS.keys()],
  'run.ended': [...RUN_WEBHOOK_EVENTS].filter(([, type]) => isTerminal(type)).map(([name]) => name),
  'workflow.*': WORKFLOW_WEBHOOK_EVENTS,
  'token.*': TOKEN_WEBHOOK_EVENTS,
};

/** What an endpoint gets that does not say what it wants. */
export const WEBHOOK_EVENTS_DEFAULT: readonly string[] = ['run.started', 'run.ended', 'workflow.*', 'token.*'];

export const WebhookFormatSchema = Type.Union([Type.Literal('millrace'), Type.Literal('windmill')]);
export type WebhookFormat = Static<typeof WebhookFormatSchema>;

const SequenceSchema = Type.Integer({ minimum: 1 });

/** Where an endpoint begins to listen: the first sequence of each stream that it gets. */
export const WebhookStartSchema = Type.Object({
  events: SequenceSchema,
  catalog: SequenceSchema,
  tokens: SequenceSchema,
});
export type WebhookStart = Static<typeof WebhookStartSchema>;

/** What the secret of an endpoint is sealed for: no name of a secret that people can make. */
export const webhookSecretPlace = (id: string) => ({ workspace: DEFAULT_WORKSPACE, name: `webhook ${id}` });

/** A receiver of webhooks. Stored under its id in the bucket `webhooks`. */
export const WebhookEndpointSchema = Type.Object({
  /** `wh_<hex>`: one subject token. */
  id: Type.String({ pattern: '^wh_[0-9a-f]{6,64}$' }),
  url: Type.String(),
  description: Type.String(),
  /** Names of events and of groups of events. */
  events: Type.Array(Type.String()),
  format: WebhookFormatSchema,
  /** The signing secret; opened only where it signs. */
  secret: SealedValueSchema,
  createdAt: Type.String({ format: 'date-time' }),
  enabled: Type.Boolean(),
  /** Why it is not enabled, for people. */
  disabledReason: Type.Optional(Type.String()),
  /** Moves when it is enabled again: what happened meanwhile is not sent. */
  start: WebhookStartSchema,
});
export type WebhookEndpoint = Static<typeof WebhookEndpointSchema>;

/** Where a message was made from. */
export const WebhookSourceSchema = Type.Object({ stream: Type.String(), sequence: SequenceSchema });
export type WebhookSource = Static<typeof WebhookSourceSchema>;

const DELIVERY_FIELDS = {
  /** The `webhook-id`: the same for every attempt, and for the same event at the same endpoint. */
  id: Type.String({ pattern: '^msg_[0-9a-f]{6,64}$' }),
  endpoint: Type.String(),
  /** Name of the event, such as `run.completed`. */
  event: Type.String(),
  /** What it is about: a run, a workflow, a token. */
  subject: Type.String(),
  source: Type.Optional(WebhookSourceSchema),
} as const;

/** A message that is to be sent: the body is fixed once it was sent for the first time. */
export const WebhookDeliverySchema = Type.Object({
  ...DELIVERY_FIELDS,
  state: Type.Union([Type.Literal('waiting'), Type.Literal('failed')]),
  /** Absent: to be made from the source. */
  body: Type.Optional(Type.String()),
  contentType: Type.String(),
  /** Attempts of the present schedule that have failed; begins at 0 again when it is sent again by hand. */
  failures: Type.Integer({ minimum: 0 }),
  /** All attempts, by hand or by schedule. */
  attempts: Type.Integer({ minimum: 0 }),
  /** Milliseconds since the epoch: not before. */
  dueAt: Type.Integer(),
  /** Milliseconds since the epoch: the last attempt; absent before the first. */
  failedAt: Type.Optional(Type.Integer()),
  /** Who wrote this: a notifier does not listen to itself. */
  writer: Type.String(),
});
export type WebhookDelivery = Static<typeof WebhookDeliverySchema>;

/** One attempt at a delivery, for people. */
export const WebhookAttemptSchema = Type.Object({
  ...DELIVERY_FIELDS,
  /** From 1. */
  attempt: Type.Integer({ minimum: 1 }),
  at: Type.String({ format: 'date-time' }),
  durationMs: Type.Integer({ minimum: 0 }),
  /** `delivered`; `retry`: another attempt follows; `failed`: none does. */
  outcome: Type.Union([Type.Literal('delivered'), Type.Literal('retry'), Type.Literal('failed')]),
  /** HTTP status, when there was an answer. */
  status: Type.Optional(Type.Integer()),
  /** Why there was none. */
  error: Type.Optional(Type.String()),
  /** Beginning of the answer's body. */
  response: Type.Optional(Type.String()),
  nextAttemptAt: Type.Optional(Type.String({ format: 'date-time' })),
});
export type WebhookAttempt = Static<typeof WebhookAttemptSchema>;

/** Since when every attempt at an endpoint has failed. */
export const WebhookTroubleSchema = Type.Object({ endpoint: Type.String(), failingSince: Type.Integer() });
export type WebhookTrouble = Static<typeof WebhookTroubleSchema>;
