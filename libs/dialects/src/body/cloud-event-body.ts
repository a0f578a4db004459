import { CLOUDEVENT_BATCH_MEDIA_TYPE, type ReadCloudEvent, toStructured } from '@millrace/domain';
import { type InboundRequest, mediaTypeOf } from '../inbound-request.ts';

/** Of several CloudEvents in one body none may have that body: it would be kept once for each of them. */
const isBatch = (request: InboundRequest): boolean => mediaTypeOf(request) === CLOUDEVENT_BATCH_MEDIA_TYPE;

/** The text that came; of an event in a batch its own JSON. */
export const eventText = (event: ReadCloudEvent, request: InboundRequest): string =>
  isBatch(request) ? JSON.stringify(toStructured(event)) : request.text();

/** The bytes that came; of an event in a batch those of its own JSON. */
export const eventBytes = (event: ReadCloudEvent, request: InboundRequest): Uint8Array =>
  isBatch(request) ? Buffer.from(eventText(event, request)) : request.body;

/** Where a protocol knows no CloudEvents: the body that came; in a batch the event, as if it had come alone. */
export const plainEventBody = (
  event: ReadCloudEvent,
  request: InboundRequest,
  bodyOf: (request: InboundRequest) => unknown,
): unknown => (isBatch(request) ? toStructured(event) : bodyOf(request));
