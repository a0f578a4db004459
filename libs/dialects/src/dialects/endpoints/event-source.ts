/**
 * `/api/hooks/<uuid>`, where servers of the protocol take webhooks of others: a trigger with an `event_source` is reached there, and
 * nowhere else. Senders get the short texts that they get there.
 */
import { type Trigger } from '@millrace/contracts';
import { type ReadCloudEvent } from '@millrace/domain';
import { AppError } from '@millrace/kernel';
import { Type } from 'typebox';
import { type Answer, jsonAnswer, textAnswer } from '../../answer.ts';
import { readJson } from '../../body/read-json.ts';
import { type AnswerRoute, type StartRoute } from '../../dialect.ts';
import { httpStatusOf } from '../../errors/http-status.ts';
import { type InboundRequest } from '../../inbound-request.ts';
import { isCredentialHeader } from '../../secret-names.ts';
import { type BoundTrigger, type TriggerDirectory } from '../../trigger-directory.ts';

const PREFIX = '/api/hooks';
export const EVENT_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Members of the address of such a trigger. */
export const EVENT_ADDRESS = {
  /** UUID under which senders know it. */
  event_source: Type.Optional(Type.String({ pattern: '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$' })),
  /** Header that says which kind of event it is; a field of the body comes first. */
  event_type_header: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9-]{1,100}$' })),
  event_type_field: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
};

interface EventAddress {
  readonly event_source?: string;
  readonly event_type_header?: string;
  readonly event_type_field?: string;
}

const addressOf = ({ address }: Trigger): EventAddress => address;

/** Whether it is a trigger of this kind: no name of its workflow leads to it. */
export const isEventSource = (trigger: Trigger): boolean => addressOf(trigger).event_source !== undefined;

/** Where senders reach it; `undefined` for an endpoint. */
export const eventPath = (trigger: Trigger): string | undefined => {
  const { event_source: source } = addressOf(trigger);
  return source === undefined ? undefined : `${PREFIX}/${source.toLowerCase()}`;
};

/** Those of the source that the address names. */
const triggersOf = ({ params }: InboundRequest, declared: readonly BoundTrigger[]): readonly BoundTrigger[] => {
  const source = params['source']?.toLowerCase();
  return declared.filter(({ trigger }) => addressOf(trigger).event_source?.toLowerCase() === source);
};

type Members = Readonly<Record<string, unknown>>;

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Fields of a JSON object; whatever else came is called `body`. */
const fieldsOf = (request: InboundRequest): Members => {
  if (request.body.length === 0) return {};
  try {
    const value = readJson(request);
    return isMembers(value) ? value : { body: value };
  } catch (error) {
    if (error instanceof AppError && error.code === 'body.invalid_json') return { body: request.text() };
    throw error;
  }
};

/** Of a CloudEvent the fields are its data, and its type is that of the event. */
const fieldsOfEvent = ({ data, hasData }: ReadCloudEvent): Members => {
  if (isMembers(data)) return data;
  return hasData ? { body: data } : {};
};

const typeOf = (request: InboundRequest, fields: Members, address: EventAddress): string | null => {
  const { event_type_header: header, event_type_field: field } = address;
  const written = field === undefined || !Object.hasOwn(fields, field) ? undefined : fields[field];
  if (typeof written === 'string') return written;
  return (header === undefined ? undefined : request.header(header.toLowerCase())) ?? null;
};

/** The fields flat, and the event as a whole beside them. Its id and time are those of the run: the same delivery has the same input. */
const readEvent = (
  request: InboundRequest,
  { trigger }: BoundTrigger,
  fields: Members,
  type = typeOf(request, fields, addressOf(trigger)),
): Members => {
  const headers = request
    .headerPairs()
    .filter(([name]) => !isCredentialHeader(name) && name !== '__proto__')
    .map(([name, value]) => [name.toLowerCase(), value] as const);
  const event = {
    type,
    body: fields,
    headers: Object.fromEntries(headers),
    source_ip: request.from,
  };
  return { ...fields, _event: event };
};

const MISSING_HEADER = /the header (\S+) is missing/;

const unauthenticatedText = ({ message }: AppError): string => {
  const [, header] = MISSING_HEADER.exec(message) ?? [];
  return header === undefined ? 'Invalid signature' : `Missing signature header: ${header}`;
};

const TEXTS: Readonly<Record<number, string>> = { 404: 'Not Found', 500: 'Internal server error' };

/** Plain texts, but for a rate that is over. */
const eventError = (error: AppError, _traceId?: string, path = ''): Answer => {
  const status = httpStatusOf(error);
  if (status === 429) {
    return jsonAnswer(status, { error: 'rate_limit_exceeded', source_id: path.slice(path.lastIndexOf('/') + 1) });
  }
  return textAnswer(status, status === 401 ? unauthenticatedText(error) : (TEXTS[status] ?? error.message));
};

const common = { renderError: eventError } as const;

const health: AnswerRoute = {
  ...common,
  does: 'answer',
  methods: ['GET'],
  url: `${PREFIX}/health`,
  operationId: 'eventSourcesHealth',
  summary: 'Whether webhooks are taken',
  access: 'public',
  answer: () => textAnswer(200, 'OK'),
};

/** @param dialect Name of the dialect that declares the triggers. */
export const eventRoutes = (
  dialect: string,
  credentials: StartRoute['credentials'],
): readonly [StartRoute, AnswerRoute] => [
  {
    ...common,
    does: 'start',
    methods: EVENT_METHODS,
    url: `${PREFIX}/:source`,
    operationId: 'receiveEvent',
    summary: 'Take a webhook for an event source',
    description: 'Answers 202 once the request is on disk.',
    ...(credentials && { credentials }),
    hidesAddresses: false,
    resolve: (request: InboundRequest, directory: TriggerDirectory) => triggersOf(request, directory.declared(dialect)),
    notFound: () => new AppError('not_found', 'trigger.not_found', 'there is no event source at this address'),
    mapInput: (request, bound) => ({ input: readEvent(request, bound, fieldsOf(request)) }),
    mapCloudEvent: (event, request, bound) => ({
      input: readEvent(request, bound, fieldsOfEvent(event), event.attributes.type),
    }),
    readBody: fieldsOf,
    mode: () => 'async',
    respond: () => textAnswer(202, 'Accepted'),
  },
  health,
];
