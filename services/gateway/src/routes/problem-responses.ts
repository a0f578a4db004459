import { ProblemSchema } from '@millrace/contracts';
import { Type } from 'typebox';

/** Refusals that every route of our own may answer, for its description. */
export const PROBLEMS = { 400: ProblemSchema, 401: ProblemSchema, 403: ProblemSchema, 503: ProblemSchema } as const;
/** An answer without a body. */
export const NOTHING = { 204: Type.Null({ description: 'Done.' }) } as const;
export const NOT_FOUND = { 404: ProblemSchema } as const;
export const CONFLICT = { 409: ProblemSchema } as const;
