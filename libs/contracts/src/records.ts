import { type Static, type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { type InboxRecord, InboxRecordSchema } from './inbox.ts';
import { type SecretRecord, SecretRecordSchema } from './secrets.ts';
import { type TokenRecord, TokenRecordSchema } from './tokens.ts';
import { type TriggerState, TriggerStateSchema } from './triggers.ts';
import {
  type WebhookAttempt,
  WebhookAttemptSchema,
  type WebhookDelivery,
  WebhookDeliverySchema,
  type WebhookEndpoint,
  WebhookEndpointSchema,
  type WebhookTrouble,
  WebhookTroubleSchema,
} from './webhooks.ts';
import { type CatalogEntry, CatalogEntrySchema, type KeptVersion, KeptVersionSchema } from './workflows.ts';

const parserOf = <Schema extends TSchema>(schema: Schema): ((text: string) => Static<Schema> | undefined) => {
  const validator = Compile(schema);
  return (text) => {
    try {
      const value: unknown = JSON.parse(text);
      return validator.Check(value) ? value : undefined;
    } catch {
      return undefined;
    }
  };
};

/** Reads what is stored under a key of the bucket `catalog`; anything else is `undefined`. */
export const parseCatalogEntry: (text: string) => CatalogEntry | undefined = parserOf(CatalogEntrySchema);

/** Reads what is stored under a key of the bucket `tokens`; anything else is `undefined`. */
export const parseTokenRecord: (text: string) => TokenRecord | undefined = parserOf(TokenRecordSchema);

/** Reads what is stored under a key of the bucket `secrets`; anything else is `undefined`. */
export const parseSecretRecord: (text: string) => SecretRecord | undefined = parserOf(SecretRecordSchema);

const INBOX_RECORD = Compile(InboxRecordSchema);
/** Reads a member of a message of the stream `REQUESTS`; anything else is `undefined`. */
export const parseInboxRecord = (value: unknown): InboxRecord | undefined =>
  INBOX_RECORD.Check(value) ? value : undefined;

/** Reads what is stored under a key of the bucket `triggers`; anything else is `undefined`. */
export const parseTriggerState: (text: string) => TriggerState | undefined = parserOf(TriggerStateSchema);

/** Reads what is stored under a key of the bucket `webhooks`; anything else is `undefined`. */
export const parseWebhookEndpoint: (text: string) => WebhookEndpoint | undefined = parserOf(WebhookEndpointSchema);
export const parseWebhookDelivery: (text: string) => WebhookDelivery | undefined = parserOf(WebhookDeliverySchema);
export const parseWebhookAttempt: (text: string) => WebhookAttempt | undefined = parserOf(WebhookAttemptSchema);
export const parseWebhookTrouble: (text: string) => WebhookTrouble | undefined = parserOf(WebhookTroubleSchema);

/** Reads what is stored under a key of the bucket `versions`; anything else is `undefined`. */
export const parseKeptVersions: (text: string) => readonly KeptVersion[] | undefined = parserOf(
  Type.Array(KeptVersionSchema),
);
