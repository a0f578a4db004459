import { AcceptedSchema, ProblemSchema, RunResultSchema } from '@millrace/contracts';
import { Type } from 'typebox';
import { ANY_BODY, ANYTHING, EVENT_STREAM } from '../../openapi/media-types.ts';
import { type DialectDescription } from '../../route-description.ts';

const QuerySchema = Type.Object({
  wait: Type.Optional(Type.String({ description: 'seconds to wait for the result; not at public triggers' })),
});

const KEYED = ':key/';
const PARAMS = { path: 'Path that a workflow declares.' };

export const hooksDescription: DialectDescription = {
  schemes: {
    hooksKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'A key of the trigger.' },
  },
  auth: { start: ['bearer', 'hooksKey', 'signature', 'public'], other: ['bearer'] },
  errors: { 'application/problem+json': ProblemSchema },
  of: ({ does, url }) => {
    if (does !== 'start') return { params: PARAMS, answers: { 204: {} } };
    return {
      params: PARAMS,
      querystring: QuerySchema,
      bodies: ANY_BODY,
      response: {
        200: Type.Union([RunResultSchema, AcceptedSchema]),
        202: AcceptedSchema,
        422: RunResultSchema,
      },
      answers: { 200: EVENT_STREAM, 204: {}, 0: { '*/*': ANYTHING } },
      ...(url.includes(KEYED) ? { auth: ['path_key'] } : {}),
    };
  },
};
