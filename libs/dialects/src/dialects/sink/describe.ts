import { Type } from 'typebox';
import { type DialectRoute } from '../../dialect.ts';
import { ANY_BODY, ANYTHING, EVENT_STREAM, JSON_TYPE, TEXT } from '../../openapi/media-types.ts';
import { type DialectDescription, type RouteDescription } from '../../route-description.ts';

const NotTriggeredSchema = Type.Object({ triggered: Type.Boolean(), run_id: Type.Null(), message: Type.String() });
const FailureSchema = Type.Object({
  error: Type.Object({ code: Type.String(), message: Type.String() }, { additionalProperties: true }),
});

const RunSchema = Type.Object({
  run_id: Type.String(),
  board_id: Type.String(),
  event_id: Type.String(),
  status: Type.String({ description: 'Pending, Running, Completed, Failed, Cancelled or Timeout' }),
  progress: Type.Number(),
  error: Type.Union([Type.String(), Type.Null()]),
  created_at: Type.String(),
});

const TEXT_BODY = { 'text/plain': TEXT };
const JSON_BODY = { [JSON_TYPE]: ANYTHING };

const PARAMS = {
  app_id: 'Id of the application; `default` unless the trigger says another.',
  path: 'Path of the sink.',
};

const startOf = (isDesktop: boolean): RouteDescription => ({
  params: PARAMS,
  bodies: ANY_BODY,
  answers: { 200: { ...EVENT_STREAM, ...JSON_BODY, ...(isDesktop ? TEXT_BODY : {}) } },
  ...(isDesktop ? { errors: TEXT_BODY } : {}),
});

const of = ({ does, listener, operationId }: DialectRoute): RouteDescription => {
  if (does === 'start') return startOf(listener !== undefined);
  if (does === 'read') return { response: { 200: RunSchema } };
  const errors = listener === undefined ? {} : { errors: TEXT_BODY };
  return operationId === 'sinkHealth'
    ? { answers: { 200: TEXT_BODY } }
    : { params: PARAMS, answers: { 204: {} }, ...errors };
};

export const sinkDescription: DialectDescription = {
  schemes: {
    sinkToken: {
      type: 'apiKey',
      in: 'header',
      name: 'Authorization',
      description: 'The `auth_token` of the sink, or a token of the server, as it is, without `Bearer`.',
    },
    sinkHeader: {
      type: 'apiKey',
      in: 'header',
      name: 'X-Flow-Like-Authorization',
      description: 'The same, where `Authorization` belongs to something in between. Counts more.',
    },
  },
  auth: {
    start: ['bearer', 'sinkToken', 'sinkHeader', 'signature', 'public'],
    other: ['bearer', 'sinkToken', 'sinkHeader'],
  },
  errors: { [JSON_TYPE]: Type.Union([NotTriggeredSchema, FailureSchema]) },
  of,
};
