import { Type } from 'typebox';
import { type DialectDescription } from '../../route-description.ts';
import { ANY_BODY, ANYTHING, EVENT_STREAM } from '../../openapi/media-types.ts';

const ErrorSchema = Type.Object({
  message: Type.String(),
  _links: Type.Object({ self: Type.Array(Type.Object({ href: Type.String(), templated: Type.Boolean() })) }),
  path: Type.Optional(Type.String({ description: 'JSON pointer to what the input schema refuses' })),
});

const ExecutionSchema = Type.Object({
  tenantId: Type.String(),
  id: Type.String(),
  namespace: Type.String(),
  flowId: Type.String(),
  flowRevision: Type.Integer(),
  labels: Type.Array(Type.Object({ key: Type.String(), value: Type.String() })),
  state: Type.Object({
    current: Type.String(),
    histories: Type.Array(Type.Object({ state: Type.String(), date: Type.String() })),
    duration: Type.String(),
    startDate: Type.String(),
    endDate: Type.Optional(Type.String()),
  }),
  trigger: Type.Optional(Type.Object({ id: Type.String(), type: Type.String(), variables: Type.Unknown() })),
  outputs: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  url: Type.String(),
  deleted: Type.Boolean(),
});

const MessageSchema = Type.Object({ message: Type.String() });

const PARAMS = {
  tenant: 'The tenant; `main` by default.',
  namespace: 'Namespace of the flow.',
  flowId: 'Id of the flow.',
  key: 'Key of the webhook, at most 256 characters: the only credential.',
};

export const kestraDescription: DialectDescription = {
  schemes: {
    kestraBasic: { type: 'http', scheme: 'basic', description: 'Any name, and a token of the server as password.' },
  },
  auth: { start: ['path_key'], other: ['bearer', 'kestraBasic'] },
  errors: { 'application/json': ErrorSchema },
  of: ({ does }) => {
    const params = PARAMS;
    switch (does) {
      case 'start':
        return {
          params,
          rest: '{namespace}/{flowId}/{key}',
          bodies: ANY_BODY,
          response: { 200: ExecutionSchema, 500: ExecutionSchema },
          answers: { 204: {}, 0: { '*/*': ANYTHING } },
        };
      case 'read':
        return { params, response: { 200: ExecutionSchema } };
      case 'follow':
        return { params, answers: { 200: EVENT_STREAM } };
      default:
        return { params, answers: { 202: {} }, response: { 409: MessageSchema } };
    }
  },
};
