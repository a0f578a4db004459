/**
 * What travels over HTTP, by route family. The gateway validates requests with these schemas, and `/openapi.json` is generated
 * from them. Members are snake_case on the wire.
 */

import { type TSchema, Type } from 'typebox';

/** A date and time of RFC 3339. */
export const time = (description: string) => Type.String({ format: 'date-time', description });
export const optional = <Schema extends TSchema>(schema: Schema) => Type.Optional(schema);
