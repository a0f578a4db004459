/** Media type of one event in JSON. */
export const CLOUDEVENT_MEDIA_TYPE = 'application/cloudevents+json';
/** Media type of several events in JSON. */
export const CLOUDEVENT_BATCH_MEDIA_TYPE = 'application/cloudevents-batch+json';

/** Context attributes: those of the specification, and extensions under their own names. */
export interface CloudEventAttributes {
  readonly specversion: string;
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  /** RFC 3339, as the sender wrote it. */
  readonly time?: string;
  readonly datacontenttype?: string;
  readonly dataschema?: string;
  readonly [extension: string]: string | number | boolean | undefined;
}

/** An event as somebody sent it. */
export interface ReadCloudEvent {
  readonly attributes: CloudEventAttributes;
  /** JSON; a text for other text; the text in base64 for bytes, which are in {@link dataBytes}. `undefined` without data. */
  readonly data: unknown;
  readonly hasData: boolean;
  /** Of binary data, decoded. */
  readonly dataBytes?: Uint8Array;
}

/** An event to send. */
export interface OutgoingCloudEvent {
  readonly attributes: CloudEventAttributes;
  readonly data?: unknown;
  /** Instead of `data`. */
  readonly dataBytes?: Uint8Array;
}
