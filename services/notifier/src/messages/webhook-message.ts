/** What is told about one event, before it is addressed to anybody. */
export interface WebhookMessage {
  /** Name as filters have it: `run.completed`. */
  readonly event: string;
  /** What it is about: a run id, a workflow path, a token id. */
  readonly subject: string;
  /** Unique among events, the same each time the message is made. */
  readonly key: string;
  readonly body: string;
  readonly contentType: string;
}

export const CLOUDEVENT_MEDIA_TYPE = 'application/cloudevents+json';
