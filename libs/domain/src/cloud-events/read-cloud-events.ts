import { AppError } from '@millrace/kernel';
import { invalidEvent } from './check-attributes.ts';
import { CLOUDEVENT_BATCH_MEDIA_TYPE, CLOUDEVENT_MEDIA_TYPE, type ReadCloudEvent } from './cloud-event.ts';
import { essenceOf } from './media-type.ts';
import { parseJson, readBinary, readObject } from './read-event.ts';
import { neededUtf8 } from './utf8.ts';

export interface CloudEventRequest {
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** An item of a batch: the event, or why it is none. */
export type BatchItem =
  { readonly index: number; readonly event: ReadCloudEvent } | { readonly index: number; readonly error: AppError };

export interface ReadCloudEvents {
  readonly mode: 'binary' | 'structured' | 'batch';
  /** Of all modes, in the order of the batch; without the items that are invalid. */
  readonly events: readonly ReadCloudEvent[];
  /** Every item of a batch, from index 0; one for the other modes. */
  readonly items: readonly BatchItem[];
}

const itemOf = (value: unknown, index: number): BatchItem => {
  try {
    return { index, event: readObject(value, `item ${index}: `) };
  } catch (error) {
    if (error instanceof AppError) return { index, error };
    throw error;
  }
};

const single = (mode: 'binary' | 'structured', event: ReadCloudEvent): ReadCloudEvents => ({
  mode,
  events: [event],
  items: [{ index: 0, event }],
});

const readBatch = (body: Uint8Array): ReadCloudEvents => {
  const values = parseJson(neededUtf8(body, 'the batch'), 'the batch');
  if (!Array.isArray(values)) throw invalidEvent('the batch is not a JSON array');
  const items = values.map(itemOf);
  return { mode: 'batch', items, events: items.flatMap((item) => ('event' in item ? [item.event] : [])) };
};

/**
 * The CloudEvents 1.0 of an HTTP request; undefined when it is none. The content type decides between the modes;
 * a request of another type is an event in binary mode when it has `ce-specversion`.
 *
 * @throws AppError `invalid` `cloudevents.invalid` that names the attribute, never its value; `unsupported`
 *   `cloudevents.unsupported_format` for an event format other than JSON. A bad item of a batch is in `items` instead.
 */
export const readCloudEvents = ({ headers, body }: CloudEventRequest): ReadCloudEvents | undefined => {
  const type = essenceOf(headers['content-type']);
  if (type === CLOUDEVENT_BATCH_MEDIA_TYPE) return readBatch(body);
  if (type === CLOUDEVENT_MEDIA_TYPE) {
    return single('structured', readObject(parseJson(neededUtf8(body, 'the event'), 'the event')));
  }
  if (type.startsWith('application/cloudevents')) {
    throw new AppError(
      'unsupported',
      'cloudevents.unsupported_format',
      'only the JSON format of CloudEvents is supported',
    );
  }
  return headers['ce-specversion'] === undefined ? undefined : single('binary', readBinary(headers, body));
};
