/**
 * CloudEvents 1.0 envelope in JSON structured form, with the extension attributes that every run event carries.
 *
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
 */
export interface CloudEvent<Type extends string, Data> {
  readonly specversion: '1.0';
  /** Unique per source and derived from the command, so that a retry repeats it. Never derived from a position. */
  readonly id: string;
  /** Who says so: `/millrace/<service>/<instance>`. */
  readonly source: string;
  /** Past tense, reverse-DNS, versioned. A breaking change of `data` is a new `.vN`, never an edit. */
  readonly type: Type;
  /** The run id. */
  readonly subject: string;
  /** RFC 3339, UTC, milliseconds. For people: order is the log's, never this. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  /** Workspace of the run (extension). */
  readonly workspace: string;
  /** Path of the workflow, `<folder>/<name>` (extension). */
  readonly workflow: string;
  /** Which try of the run this speaks of, from 1 (extension); absent before the first dispatch. */
  readonly attempt?: number;
  /** W3C trace context of the producer (distributed tracing extension). */
  readonly traceparent?: string;
  /** Id of the event that led to this one (extension). */
  readonly causationid?: string;
  readonly data: Data;
}

/** Media type of a commit: the JSON batch format. */
export const CLOUDEVENTS_BATCH_MEDIA_TYPE = 'application/cloudevents-batch+json';
