import {
  comparePositions,
  DEFAULT_SHARD,
  EVENTS_STREAM,
  ORIGIN,
  type Position,
  PUBLIC_EVENTS_FILTER,
} from '@millrace/contracts';
import { type StoredMsg } from '@nats-io/jetstream';
import { type LogConnection } from './connection.ts';
import { type Delivered } from './delivered.ts';
import { followStream } from './follow-stream.ts';
import { translate } from './log-errors.ts';
import { managerOf } from './nats-handle.ts';
import {
  decodeHeaderValue,
  decodePublicEvent,
  isRunEventType,
  positionOf,
  shardOf,
  storedAtOf,
  type PublicRunEvent,
} from './public-event.ts';
import { streamBounds } from './stream-bounds.ts';

/** A public event as it arrives. */
export interface PublicEvent {
  /** Whose log it is in; a workflow is always in the same. */
  readonly shard: number;
  /** Position in that log. */
  readonly position: Position;
  /** When the log stored it, milliseconds since the epoch; `undefined` in events of older versions. */
  readonly storedAt: number | undefined;
  readonly runId: string;
  /** Sequence in the stream of public events. */
  readonly sequence: number;
  /**
   * Decoded when it is first asked for, so that an event nobody waits for costs little.
   *
   * @throws AppError `invalid` `events.malformed`.
   */
  readonly event: PublicRunEvent;
}

/** Where following began. */
export interface PublicEventsStart {
  /** Every event behind this position of the log is delivered, where there is one log. */
  readonly position: Position;
  /** Sequence in the stream of public events from which on all is delivered. */
  readonly sequence: number;
}

type Start = PublicEventsStart & Place;

export interface FollowPublicEventsOptions {
  readonly signal: AbortSignal;
  /** First sequence wanted of the stream `EVENTS`; only new events by default. */
  readonly fromSequence?: number;
  /** Called once, before the first batch. */
  readonly onStart?: (start: PublicEventsStart) => void;
}

const INDEX_MAX = 999_999;
const before = ({ sequence, index }: Position): Position =>
  index > 0 ? { sequence, index: index - 1 } : { sequence: Math.max(0, sequence - 1), index: INDEX_MAX };

/** Where an event stands: in a log, and in time, which also orders events of a log and of the one that replaced it. */
type Place = Pick<PublicEvent, 'shard' | 'position' | 'storedAt'>;

const placeIn = (message: StoredMsg | null): Place | undefined => {
  const header = (name: string): string | undefined => message?.header.get(name);
  const position = positionOf(header);
  return position && { shard: shardOf(header), position, storedAt: storedAtOf(header) };
};

/** In one log both agree. In a log that was replaced or cut short positions begin anew, and time goes on. */
const isLater = (one: Place, other: Place): boolean =>
  comparePositions(one.position, other.position) > 0 ||
  (one.storedAt !== undefined && other.storedAt !== undefined && one.storedAt > other.storedAt);

/** The message just before the start says it exactly; when that is gone, the first one after it does. */
const startAt = async (connection: LogConnection, sequence: number): Promise<Start> => {
  const { streams } = await managerOf(connection);
  if (sequence <= 1) return { shard: DEFAULT_SHARD, position: ORIGIN, storedAt: undefined, sequence };
  const previous = placeIn(await streams.getMessage(EVENTS_STREAM, { seq: sequence - 1 }));
  if (previous !== undefined) return { ...previous, sequence };
  const query = { seq: sequence, next_by_subj: PUBLIC_EVENTS_FILTER };
  const next = placeIn(await streams.getMessage(EVENTS_STREAM, query));
  if (next === undefined) return { shard: DEFAULT_SHARD, position: ORIGIN, storedAt: undefined, sequence };
  return { shard: next.shard, position: before(next.position), storedAt: undefined, sequence };
};

const findStart = async (connection: LogConnection, fromSequence: number | undefined): Promise<Start> => {
  try {
    const { last } = await streamBounds(connection, EVENTS_STREAM);
    return await startAt(connection, Math.min(fromSequence ?? last + 1, last + 1));
  } catch (cause) {
    throw translate(cause, 'finding the start of the public events');
  }
};

const decode = ({ sequence, message }: Delivered): PublicEvent | undefined => {
  const header = (name: string): string | undefined => {
    const value = message.headers?.get(name);
    return value === '' ? undefined : value;
  };
  const position = positionOf(header);
  const runId = header('ce-subject');
  if (position === undefined || runId === undefined || !isRunEventType(header('ce-type'))) return undefined; // somebody else published under `run.`
  let decoded: PublicRunEvent | undefined;
  return {
    shard: shardOf(header),
    position,
    storedAt: storedAtOf(header),
    sequence,
    runId: decodeHeaderValue(runId),
    get event() {
      decoded ??= decodePublicEvent(header, message.string());
      return decoded;
    },
  };
};

/**
 * Public events as they are published, in the order of each log, bounded as `follow`. Foreign messages are left out. When a power cut took
 * the end of the stream, its publisher writes it again; what was yielded before is not yielded again.
 *
 * @throws AppError `unavailable` as `follow`, and when the start cannot be found.
 */
export async function* followPublicEvents(
  connection: LogConnection,
  { signal, fromSequence, onStart }: FollowPublicEventsOptions,
): AsyncGenerator<readonly PublicEvent[], void, undefined> {
  const start = await findStart(connection, fromSequence);
  onStart?.({ position: start.position, sequence: start.sequence });
  // Of a log of which nothing was delivered yet, nothing can come again.
  const lasts = new Map<number, Place>([[start.shard, start]]);
  const isNew = (event: PublicEvent | undefined): event is PublicEvent => {
    const last = event && lasts.get(event.shard);
    if (event === undefined || (last !== undefined && !isLater(event, last))) return false;
    lasts.set(event.shard, event);
    return true;
  };
  const filters = [PUBLIC_EVENTS_FILTER];
  const from = { stream: EVENTS_STREAM, filters, fromSequence: start.sequence, signal, onRewind: 'repeat' } as const;
  for await (const batch of followStream(connection, from)) {
    const events = batch.map(decode).filter(isNew);
    if (events.length > 0) yield events;
  }
}
