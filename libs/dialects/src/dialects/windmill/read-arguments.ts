import { type ReadCloudEvent } from '@millrace/domain';
import { eventText } from '../../body/cloud-event-body.ts';
import { type InboundRequest } from '../../inbound-request.ts';
import { type Arguments } from './argument-names.ts';
import { type BodyArguments, bodyArguments, isPlainObject, spread } from './body-arguments.ts';
import { readPayload } from './payload.ts';
import { includedArguments, type Included, isTrue } from './query-options.ts';
import { type WindmillSettings } from './settings.ts';

/** How a trigger or a query wants its arguments. */
export interface ArgumentRules extends Included {
  readonly raw: boolean;
  readonly wraps: boolean;
}

/** As the query says. */
export const rulesOfQuery = (
  request: InboundRequest,
  { include_headers: headers }: Pick<WindmillSettings, 'include_headers'>,
): ArgumentRules => ({
  headers,
  query: [],
  raw: isTrue(request.query('raw')),
  wraps: isTrue(request.query('wrap_body')),
});

/** The arguments of a request: body, and over it headers, query and `raw_string`. */
const withExtras = (request: InboundRequest, body: BodyArguments, rules: ArgumentRules): Arguments => ({
  ...(rules.wraps ? { body: body.value } : body.arguments),
  ...includedArguments(request, rules),
  ...(rules.raw || body.isRaw ? { raw_string: body.text ?? request.text() } : {}),
});

const payloadArguments = (request: InboundRequest): BodyArguments | undefined => {
  const payload = readPayload(request);
  return payload && { value: payload.value, arguments: spread(payload.value), isRaw: false };
};

const NOTHING: BodyArguments = { value: {}, arguments: {}, isRaw: false };

/** What the body says. A GET has none that counts; elsewhere it counts more than a payload beside it. */
export const readBody = (request: InboundRequest, settings: WindmillSettings): BodyArguments => {
  const payload = payloadArguments(request);
  if (request.method === 'GET') return payload ?? NOTHING;
  const body = bodyArguments(request, settings);
  if (payload === undefined) return body;
  const both = { ...payload.arguments, ...body.arguments };
  return { ...body, value: isPlainObject(body.value) ? both : body.value, arguments: both };
};

/** @throws AppError `invalid` or `unsupported` that says what is wrong with the request. */
export const readArguments = (
  request: InboundRequest,
  settings: WindmillSettings,
  rules: ArgumentRules = rulesOfQuery(request, settings),
): Arguments => withExtras(request, readBody(request, settings), rules);

const METADATA = 'WEBHOOK__METADATA__';

/** Bytes stay in the metadata as they were sent, for those who look there. */
const metadataOf = ({ attributes, data, dataBytes }: ReadCloudEvent): Arguments => ({
  ...attributes,
  ...(dataBytes === undefined
    ? {}
    : { data_base64: typeof data === 'string' ? data : Buffer.from(dataBytes).toString('base64') }),
});

const eventBody = (event: ReadCloudEvent, request: InboundRequest): BodyArguments => {
  const value = event.hasData ? event.data : null;
  const payload = payloadArguments(request);
  const data = { ...payload?.arguments, ...(event.hasData || payload === undefined ? spread(value) : {}) };
  return { value, arguments: data, isRaw: false, text: eventText(event, request) };
};

/** An object in a CloudEvent is the arguments, anything else the argument `body`; the envelope stands beside it. */
export const readEventArguments = (
  event: ReadCloudEvent,
  request: InboundRequest,
  rules: ArgumentRules,
): Arguments => ({ ...withExtras(request, eventBody(event, request), rules), [METADATA]: metadataOf(event) });

/** The same without anything of headers and query. */
export const readEventBody = (event: ReadCloudEvent, request: InboundRequest): Arguments => ({
  ...eventBody(event, request).arguments,
  [METADATA]: metadataOf(event),
});
