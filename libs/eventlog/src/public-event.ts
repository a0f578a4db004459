/**
 * CloudEvents in the binary mode of the NATS binding: attributes in `ce-` headers, percent-encoded as the HTTP binding says, data as the body.
 *
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/nats-protocol-binding.md
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md section 3.1.3.2
 */
import {
  type CloudEvent,
  DEFAULT_SHARD,
  formatPosition,
  parsePosition,
  type Position,
  RUN_EVENT_SCHEMAS,
  type RunDispatched,
  type RunEvent,
  type RunEventType,
  type RunRequested,
} from '@millrace/contracts';
import { AppError } from '@millrace/kernel';

/** What the public sees of a request: neither its environment nor where its caller waits. */
export type PublicRequested = CloudEvent<RunRequested['type'], Omit<RunRequested['data'], 'env' | 'replyTo'>>;
/** What the public sees of a dispatch: what it copies from the request stands there. */
export type PublicDispatched = CloudEvent<
  RunDispatched['type'],
  Omit<RunDispatched['data'], 'input' | 'env' | 'replyTo' | 'trigger' | 'cloudEvent'>
>;
/** An event as outsiders see it. */
export type PublicRunEvent = Exclude<RunEvent, RunRequested | RunDispatched> | PublicRequested | PublicDispatched;

/** Log position of a public event, `<sequence>.<index>`. */
export const POSITION_HEADER = 'Millrace-Position';

/** When the log stored that event's commit, milliseconds since the epoch: with the position, by which the log is known again. */
export const STORED_AT_HEADER = 'Millrace-Stored-At';

/** Shard of the log that the position is in; absent where there is one log only, and in events of such a time. */
export const SHARD_HEADER = 'Millrace-Shard';

const OPTIONAL_TEXTS = ['traceparent', 'causationid'] as const;

/** Everything but printable ASCII without space, quote and percent. */
const UNSAFE = /[^\x21\x23\x24\x26-\x7e]+/g;
const encodeUnsafe = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');

/** Percent-encodes what may not stand in a header. */
export const encodeHeaderValue = (text: string): string => text.replace(UNSAFE, encodeUnsafe);

/** Undoes {@link encodeHeaderValue}; a text that is not well encoded stays as it is. */
export const decodeHeaderValue = (text: string): string => {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** Header name and value pairs of one public event, without duplicates; printable ASCII only. */
export const publicHeaders = (position: Position, event: RunEvent): readonly (readonly [string, string])[] => {
  const pairs: [string, string][] = [
    [POSITION_HEADER, formatPosition(position)],
    ['ce-specversion', event.specversion],
    ['ce-id', encodeHeaderValue(event.id)],
    ['ce-source', encodeHeaderValue(event.source)],
    ['ce-type', event.type],
    ['ce-subject', encodeHeaderValue(event.subject)],
    ['ce-time', encodeHeaderValue(event.time)],
    ['ce-workspace', encodeHeaderValue(event.workspace)],
    ['ce-workflow', encodeHeaderValue(event.workflow)],
    ['content-type', encodeHeaderValue(event.datacontenttype)],
  ];
  if (event.attempt !== undefined) pairs.push(['ce-attempt', String(event.attempt)]);
  for (const name of OPTIONAL_TEXTS) {
    const value = event[name];
    if (value !== undefined) pairs.push([`ce-${name}`, encodeHeaderValue(value)]);
  }
  return pairs;
};

const HIDDEN: Partial<Record<RunEventType, ReadonlySet<string>>> = {
  'dev.millrace.run.requested.v1': new Set(['env', 'replyTo']),
  'dev.millrace.run.dispatched.v1': new Set(['input', 'env', 'replyTo', 'trigger', 'cloudEvent']),
};

const publicData = ({ type, data }: RunEvent): object => {
  const hidden = HIDDEN[type];
  return hidden === undefined ? data : Object.fromEntries(Object.entries(data).filter(([name]) => !hidden.has(name)));
};

/** JSON text of the public part of an event's data. */
export const publicBody = (event: RunEvent): string => JSON.stringify(publicData(event));

/** An event of the log as outsiders see it. */
export const toPublicEvent = (event: RunEvent): PublicRunEvent =>
  ({ ...event, data: publicData(event) }) as PublicRunEvent;

export const isRunEventType = (type: string | undefined): type is RunEventType =>
  type !== undefined && Object.hasOwn(RUN_EVENT_SCHEMAS, type);

/** Position of a message on `EVENTS`; `undefined` for what others published there. */
export const positionOf = (header: (name: string) => string | undefined): Position | undefined =>
  parsePosition(header(POSITION_HEADER) ?? '');

/** Shard of the log of a message on `EVENTS`. */
export const shardOf = (header: (name: string) => string | undefined): number => {
  const shard = Number(header(SHARD_HEADER) ?? '');
  return Number.isSafeInteger(shard) && shard > 0 ? shard : DEFAULT_SHARD;
};

/** When the log stored the event of a message on `EVENTS`; `undefined` in those of older versions. */
export const storedAtOf = (header: (name: string) => string | undefined): number | undefined => {
  const storedAt = Number(header(STORED_AT_HEADER) ?? '');
  return Number.isSafeInteger(storedAt) && storedAt > 0 ? storedAt : undefined;
};

const parseData = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new AppError('invalid', 'events.malformed', 'the body of a public event is not JSON', { cause });
  }
};

/**
 * The event from its headers and body.
 *
 * @throws AppError `invalid` `events.malformed` when the type is not one of ours or the body is not JSON.
 */
export const decodePublicEvent = (header: (name: string) => string | undefined, body: string): PublicRunEvent => {
  const type = header('ce-type');
  if (!isRunEventType(type)) throw new AppError('invalid', 'events.malformed', 'not the type of a run event');
  const text = (name: string): string => decodeHeaderValue(header(`ce-${name}`) ?? '');
  const attempt = header('ce-attempt');
  const optional = OPTIONAL_TEXTS.filter((name) => header(`ce-${name}`) !== undefined).map((name) => [
    name,
    text(name),
  ]);
  return {
    specversion: '1.0',
    id: text('id'),
    source: text('source'),
    type,
    subject: text('subject'),
    time: text('time'),
    datacontenttype: 'application/json',
    workspace: text('workspace'),
    workflow: text('workflow'),
    ...(attempt === undefined ? {} : { attempt: Number(attempt) }),
    ...Object.fromEntries(optional),
    data: parseData(body),
  } as PublicRunEvent;
};
