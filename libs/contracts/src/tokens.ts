import { type Static, Type } from 'typebox';

/** What is kept of a token: never the secret itself. Stored under the id in the bucket `tokens`. */
export const TokenRecordSchema = Type.Object({
  id: Type.String(),
  /** SHA-256 of the whole token text, hex. */
  sha256: Type.String(),
  label: Type.String(),
  /** `admin`, `read`, `run`, `run:<path or pattern>`, `jobs:run:scripts:<paths>`. */
  scopes: Type.Array(Type.String()),
  createdAt: Type.String({ format: 'date-time' }),
  expiresAt: Type.Optional(Type.String({ format: 'date-time' })),
});
export type TokenRecord = Static<typeof TokenRecordSchema>;
