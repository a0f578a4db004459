import { type StreamInfo } from '@nats-io/jetstream';
import { millis } from '@nats-io/transport-node';
import { type LogConnection } from './connection.ts';
import { translate } from './log-errors.ts';
import { managerOf } from './nats-handle.ts';

/** First and last sequence of a stream. */
export interface Bounds {
  /** Sequence of the oldest message; `last + 1` when there is none. */
  readonly first: number;
  /** Sequence of the newest message ever stored; 0 when there was none. */
  readonly last: number;
}

/** How full a stream is, in bytes. */
export interface Fill {
  readonly bytes: number;
  /** Beyond this the log refuses everything. */
  readonly maxBytes: number;
  /** Sequence of the newest message that is counted. */
  readonly lastSequence: number;
  /** Messages between the oldest and the newest that the stream does not hold; absent: none. */
  readonly missing?: number;
  /** How long a message is kept; absent: for ever. */
  readonly maxAgeMs?: number;
}

/** {@link Fill} of one stream among all. */
export interface StreamFill extends Fill {
  readonly stream: string;
}

const missingIn = ({ messages, first_seq: first, last_seq: last }: StreamInfo['state']): number =>
  messages === 0 ? 0 : Math.max(0, last - first + 1 - messages);

const fillOf = ({ state, config }: StreamInfo): Fill => ({
  bytes: state.bytes,
  maxBytes: config.max_bytes < 0 ? Number.POSITIVE_INFINITY : config.max_bytes,
  lastSequence: state.last_seq,
  ...(missingIn(state) > 0 ? { missing: missingIn(state) } : {}),
  ...(config.max_age > 0 ? { maxAgeMs: millis(config.max_age) } : {}),
});

export const streamFill = async (connection: LogConnection, stream: string): Promise<Fill> => {
  try {
    const manager = await managerOf(connection);
    return fillOf(await manager.streams.info(stream));
  } catch (cause) {
    throw translate(cause, `reading how full ${stream} is`);
  }
};

/**
 * How full every stream is, those under buckets and stores included.
 *
 * @throws AppError `unavailable` when the log is away.
 */
export const streamFills = async (connection: LogConnection): Promise<readonly StreamFill[]> => {
  try {
    const manager = await managerOf(connection);
    const fills: StreamFill[] = [];
    for await (const info of manager.streams.list()) fills.push({ stream: info.config.name, ...fillOf(info) });
    return fills;
  } catch (cause) {
    throw translate(cause, 'reading how full the streams are');
  }
};

export const streamBounds = async (connection: LogConnection, stream: string): Promise<Bounds> => {
  try {
    const manager = await managerOf(connection);
    const { state } = await manager.streams.info(stream);
    const last = state.last_seq;
    return { first: state.messages === 0 ? last + 1 : state.first_seq, last };
  } catch (cause) {
    throw translate(cause, `reading the bounds of ${stream}`);
  }
};
