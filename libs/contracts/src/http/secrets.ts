import { type Static, Type } from 'typebox';
import { SECRET_VALUE_BYTES_MAX, SECRET_VALUES_MAX } from '../secrets.ts';
import { optional } from './fields.ts';

export const SecretPutSchema = Type.Object(
  {
    value: optional(
      Type.String({ minLength: 1, maxLength: SECRET_VALUE_BYTES_MAX, description: 'at most 65,536 bytes of UTF-8' }),
    ),
    add: optional(Type.Boolean({ description: 'the values before stay valid beside this one' })),
    retire: optional(Type.Boolean({ description: 'instead of a value: keep the newest one only' })),
    workflows: optional(
      Type.Array(Type.String({ pattern: '^[A-Za-z0-9_*/-]{1,200}$' }), {
        maxItems: 100,
        description: 'paths or patterns of the workflows that may read it; empty: all; absent: as before',
      }),
    ),
  },
  { title: 'SecretPut', additionalProperties: false },
);
export type SecretPut = Static<typeof SecretPutSchema>;

export const SecretSchema = Type.Object(
  {
    name: Type.String(),
    values: Type.Array(
      Type.Object({
        created_at: Type.String(),
        key_id: Type.String({ description: 'of the master key that sealed it' }),
        fingerprint: optional(
          Type.String({ description: 'tells equal values apart from others; absent: no key of this server opens it' }),
        ),
      }),
      { minItems: 1, maxItems: SECRET_VALUES_MAX, description: 'the newest first' },
    ),
    workflows: optional(Type.Array(Type.String(), { description: 'that may read it; absent: all' })),
    created_at: Type.String(),
    updated_at: Type.String(),
  },
  { title: 'Secret' },
);
export type SecretView = Static<typeof SecretSchema>;
export const SecretListSchema = Type.Object({ secrets: Type.Array(SecretSchema) }, { title: 'SecretList' });
