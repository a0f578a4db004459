import { Type } from 'typebox';

/** What Zoom and Discord are answered when they ask whether the address is meant for them. */
export const ChallengeAnswerSchema = Type.Union([
  Type.Object({ plainToken: Type.String(), encryptedToken: Type.String() }),
  Type.Object({ type: Type.Integer() }),
]);
