import {
  EndStateSchema,
  SECRET_NAME_PATTERN,
  TriggerAuthSchema,
  TriggerModeSchema,
  TriggerResponseSchema,
  TriggerSchema,
} from '@millrace/contracts';
import { type Static, type TObject, Type } from 'typebox';

const LIST_MAX = 100;
const TEXT_MAX = 4_096;
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

const SecretName = Type.String({ pattern: SECRET_NAME_PATTERN });
const Expression = Type.String({ minLength: 1, maxLength: TEXT_MAX });

/** Members of a declaration that every dialect has; those of its address stand beside them. */
export const COMMON_MEMBERS = {
  dialect: Type.String(),
  id: Type.Optional(TriggerSchema.properties.id),
  methods: Type.Optional(Type.Array(Type.Enum(METHODS), { minItems: 1, uniqueItems: true })),
  auth: Type.Optional(TriggerAuthSchema),
  key: Type.Optional(Type.String()),
  key_secret: Type.Optional(SecretName),
  signature: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  when: Type.Optional(Type.Unknown()),
  conditions: Type.Optional(Type.Array(Type.Unknown(), { maxItems: LIST_MAX })),
  input: Type.Optional(Type.Record(Type.String(), Expression)),
  mode: Type.Optional(TriggerModeSchema),
  response: Type.Optional(TriggerResponseSchema),
  rate_limit: Type.Optional(
    Type.Object({ requests: Type.Integer({ minimum: 1 }), per: Type.Unknown() }, { additionalProperties: false }),
  ),
  allow_from: Type.Optional(Type.Array(Type.String(), { minItems: 1, maxItems: LIST_MAX })),
  cross_site: Type.Optional(Type.Boolean()),
  stop_after: Type.Optional(Type.Array(EndStateSchema, { minItems: 1 })),
  enabled: Type.Optional(Type.Boolean()),
};

/** A declaration as its author wrote it, once its members are known to be of the right types. */
export type WrittenTrigger = Static<TObject<typeof COMMON_MEMBERS>> & Readonly<Record<string, unknown>>;
