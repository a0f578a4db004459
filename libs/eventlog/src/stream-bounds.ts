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
}

export const streamFill = async (connection: LogConnection, stream: string): Promise<Fill> => {
  try {
    const manager = await managerOf(connection);
    const { state, config } = await manager.streams.info(stream);
    return { bytes: state.bytes, maxBytes: config.max_bytes < 0 ? Number.POSITIVE_INFINITY : config.max_bytes };
  } catch (cause) {
    throw translate(cause, `reading how full ${stream} is`);
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
