import { type Static, Type } from 'typebox';
import { WebhookFormatSchema } from '../webhooks.ts';
import { optional, time } from './fields.ts';

export const WEBHOOK_URL_LENGTH_MAX = 2_048;

export const WebhookCreateSchema = Type.Object(
  {
    url: Type.String({ minLength: 1, maxLength: WEBHOOK_URL_LENGTH_MAX, description: 'http or https' }),
    events: optional(
      Type.Array(Type.String({ maxLength: 64 }), {
        minItems: 1,
        maxItems: 50,
        description: 'such as `run.completed`, `run.ended`, `run.*`, `workflow.*`, `token.*`',
      }),
    ),
    format: optional(WebhookFormatSchema),
    description: optional(Type.String({ maxLength: 200 })),
  },
  { title: 'WebhookCreate', additionalProperties: false },
);

export const WebhookChangeSchema = Type.Object(
  {
    url: optional(WebhookCreateSchema.properties.url),
    events: WebhookCreateSchema.properties.events,
    description: WebhookCreateSchema.properties.description,
  },
  { title: 'WebhookChange', additionalProperties: false, minProperties: 1 },
);
/** What is absent stays. */
export type WebhookChange = Static<typeof WebhookChangeSchema>;

export const WebhookSchema = Type.Object(
  {
    id: Type.String(),
    url: Type.String({ description: 'without its query' }),
    description: Type.String(),
    events: Type.Array(Type.String()),
    format: WebhookFormatSchema,
    created_at: Type.String(),
    enabled: Type.Boolean(),
    disabled_reason: optional(Type.String()),
  },
  { title: 'Webhook' },
);
export type WebhookView = Static<typeof WebhookSchema>;
export const WebhookCreatedSchema = Type.Object(
  { ...WebhookSchema.properties, secret: Type.String({ description: '`whsec_…`, shown this once' }) },
  { title: 'WebhookCreated' },
);
export const WebhookListSchema = Type.Object({ webhooks: Type.Array(WebhookSchema) }, { title: 'WebhookList' });

export const WebhookAttemptViewSchema = Type.Object({
  attempt: Type.Integer(),
  at: Type.String(),
  duration_ms: Type.Integer(),
  status: optional(Type.Integer()),
  error: optional(Type.String()),
  response: optional(Type.String({ description: "beginning of the answer's body" })),
});
export const WebhookDeliveryViewSchema = Type.Object(
  {
    id: Type.String({ description: 'the header `webhook-id`' }),
    event: Type.String(),
    subject: Type.String(),
    state: Type.Union([Type.Literal('delivered'), Type.Literal('waiting'), Type.Literal('failed')]),
    next_attempt_at: optional(Type.String()),
    attempts: Type.Array(WebhookAttemptViewSchema, { description: 'the newest last' }),
  },
  { title: 'WebhookDelivery' },
);
export type WebhookDeliveryView = Static<typeof WebhookDeliveryViewSchema>;
export const WebhookDeliveryListSchema = Type.Object(
  { deliveries: Type.Array(WebhookDeliveryViewSchema) },
  { title: 'WebhookDeliveryList' },
);

/** Answer of everything that puts a message on its way. */
export const WebhookSendingSchema = Type.Object({ id: Type.String() }, { title: 'WebhookSending' });
export const WebhookRecoverSchema = Type.Object(
  { since: time('deliveries that failed for good at or after this') },
  { title: 'WebhookRecover', additionalProperties: false },
);
export const WebhookRecoveredSchema = Type.Object(
  { recovered: Type.Integer({ description: 'messages that are tried again' }) },
  { title: 'WebhookRecovered' },
);
