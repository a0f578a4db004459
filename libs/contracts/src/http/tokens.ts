import { type Static, Type } from 'typebox';
import { optional, time } from './fields.ts';

/** `admin`, `read`, `run`, `priority`, `run:<path>` or `run:<pattern with *>`; `jobs:run`, `jobs:run:scripts:<paths>` as in Windmill. */
export const SCOPE_PATTERN =
  '^(admin|read|run|priority|run:[A-Za-z0-9_*/-]{1,200}|jobs:run(:(scripts|flows)(:[A-Za-z0-9_*/,-]{1,1000})?)?)$';
/** For people. */
export const SCOPE_FORMS =
  'admin, read, run, priority, run:<path or pattern>, such as run:backup/*, or jobs:run:scripts:<path>, which starts it and does nothing else';

export const TokenCreateSchema = Type.Object(
  {
    label: optional(Type.String({ maxLength: 200 })),
    scopes: Type.Array(Type.String({ pattern: SCOPE_PATTERN, description: SCOPE_FORMS }), {
      minItems: 1,
      maxItems: 100,
    }),
    expires_in: optional(Type.String({ maxLength: 20, description: 'such as `12h` or `30d`' })),
    expires_at: optional(time('instead of `expires_in`')),
  },
  { title: 'TokenCreate', additionalProperties: false },
);

export const TokenSchema = Type.Object(
  {
    id: Type.String(),
    label: Type.String(),
    scopes: Type.Array(Type.String()),
    created_at: Type.String(),
    expires_at: optional(Type.String()),
  },
  { title: 'Token' },
);
export type TokenView = Static<typeof TokenSchema>;
export const TokenCreatedSchema = Type.Object(
  { ...TokenSchema.properties, token: Type.String({ description: 'shown this once' }) },
  { title: 'TokenCreated' },
);
export const TokenListSchema = Type.Object({ tokens: Type.Array(TokenSchema) }, { title: 'TokenList' });
