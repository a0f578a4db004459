import { Type } from 'typebox';
import { type DialectRoute } from '../../dialect.ts';
import { ANYTHING, JSON_TYPE, TEXT } from '../../openapi/media-types.ts';
import { type DialectDescription, type RouteDescription } from '../../route-description.ts';
import { type BodyForm } from './answer-outcome.ts';

const ErrorSchema = Type.Object({
  detail: Type.String(),
  pointer: Type.Optional(Type.String({ description: 'JSON pointer to what the input schema refuses' })),
});

const orNull = <Schema extends Parameters<typeof Type.Union>[0][number]>(schema: Schema) =>
  Type.Union([schema, Type.Null()]);

const EnvelopeSchema = Type.Object({
  execution_id: Type.String(),
  status: Type.String({ description: 'Pending, Running, Success, CompletedWithErrors, Failed, Timeout or Cancelled' }),
  message: orNull(Type.String()),
  result: Type.Unknown(),
  error: orNull(Type.String()),
  duration_ms: orNull(Type.Integer()),
});

const StatusSchema = Type.Object({ execution_id: Type.String(), status: Type.String() });
const LogsSchema = Type.Array(Type.Object({ level: Type.String(), message: Type.String() }));

const EXECUTIONS: Readonly<Record<string, RouteDescription>> = {
  readExecution: {
    response: {
      200: Type.Object({
        ...StatusSchema.properties,
        workflow_name: Type.String(),
        input_data: Type.Unknown(),
        result: Type.Unknown(),
        error_message: orNull(Type.String()),
        duration_ms: orNull(Type.Integer()),
        logs: LogsSchema,
      }),
    },
  },
  readExecutionResult: {
    response: { 200: Type.Object({ ...StatusSchema.properties, result: Type.Unknown(), result_type: orNull(TEXT) }) },
  },
  readExecutionLogs: { response: { 200: Type.Object({ execution_id: Type.String(), logs: LogsSchema }) } },
  cancelExecution: { response: { 200: StatusSchema } },
};

const EVENTS: RouteDescription = {
  params: { source: 'UUID of the event source.' },
  bodies: { [JSON_TYPE]: ANYTHING, 'text/plain': TEXT },
  answers: { 200: { 'text/plain': TEXT, [JSON_TYPE]: ANYTHING }, 202: { 'text/plain': TEXT } },
  errors: {
    'text/plain': TEXT,
    [JSON_TYPE]: Type.Object({ error: Type.String(), source_id: Type.String() }),
  },
};

const endpoint = (form: BodyForm): RouteDescription => ({
  params: { path: 'Name of the endpoint, path of its workflow, or its UUID.' },
  bodies: {
    [JSON_TYPE]: Type.Unknown({ description: 'members are parameters of the workflow' }),
    'application/x-www-form-urlencoded': Type.Record(Type.String(), Type.String()),
  },
  response: { 200: form === 'envelope' ? EnvelopeSchema : Type.Union([EnvelopeSchema, ANYTHING]), 504: ErrorSchema },
  answers: { 0: { [JSON_TYPE]: ANYTHING } },
});

export const describeEndpoints = (form: BodyForm): DialectDescription => ({
  schemes: {
    bifrostKey: {
      type: 'apiKey',
      in: 'header',
      name: 'X-Bifrost-Key',
      description: 'A key of the endpoint, or a token of the server. Counts more than `Authorization`.',
    },
  },
  auth: { start: ['bearer', 'bifrostKey', 'signature', 'public'], other: ['bearer', 'bifrostKey'] },
  errors: { [JSON_TYPE]: ErrorSchema },
  of: ({ does, operationId }: DialectRoute) => {
    if (does === 'answer') return { answers: { 200: { 'text/plain': TEXT } } };
    if (does === 'start') return operationId === 'receiveEvent' ? EVENTS : endpoint(form);
    return EXECUTIONS[operationId] ?? {};
  },
});
