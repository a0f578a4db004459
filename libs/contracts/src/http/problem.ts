import { type Static, Type } from 'typebox';
import { optional } from './fields.ts';

/** RFC 9457, with a stable `code`. */
export const ProblemSchema = Type.Object(
  {
    type: Type.String({ description: '`urn:millrace:<code>`' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String({ description: 'stable: `area.reason`' }),
    trace_id: optional(Type.String()),
  },
  { title: 'Problem', additionalProperties: true },
);
export type Problem = Static<typeof ProblemSchema>;

/** What the serve dialect answers where it prescribes a body of its own. */
export const DialectErrorSchema = Type.Object(
  { error: Type.String(), max: optional(Type.Integer()), max_bytes: optional(Type.Integer()) },
  { title: 'DialectError' },
);
