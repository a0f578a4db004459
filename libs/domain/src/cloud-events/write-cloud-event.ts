import { toBase64 } from './base64.ts';
import { type OutgoingCloudEvent } from './cloud-event.ts';
import { encodeHeader } from './percent-encoding.ts';

/** One object of the JSON format; bytes become `data_base64`. Serve it as {@link CLOUDEVENT_MEDIA_TYPE}. */
export const toStructured = ({ attributes, data, dataBytes }: OutgoingCloudEvent): Record<string, unknown> => {
  if (dataBytes !== undefined) return { ...attributes, data_base64: toBase64(dataBytes) };
  return data === undefined ? { ...attributes } : { ...attributes, data };
};

/** Text of the JSON batch format. Serve it as {@link CLOUDEVENT_BATCH_MEDIA_TYPE}. */
export const toBatch = (events: readonly OutgoingCloudEvent[]): string => JSON.stringify(events.map(toStructured));

/** Headers of binary mode. The body is the data alone, in the content type that they name. */
export const toBinaryHeaders = ({ attributes }: OutgoingCloudEvent): Record<string, string> => {
  const { datacontenttype, ...others } = attributes;
  const headers: Record<string, string> = { 'content-type': datacontenttype ?? 'application/json' };
  for (const [name, value] of Object.entries(others)) {
    if (value !== undefined) headers[`ce-${name}`] = encodeHeader(value);
  }
  return headers;
};
