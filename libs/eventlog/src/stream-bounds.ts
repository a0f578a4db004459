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
