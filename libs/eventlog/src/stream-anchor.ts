import { type StoredMsg } from '@nats-io/jetstream';
import { type LogConnection } from './connection.ts';
import { translate } from './log-errors.ts';
import { managerOf } from './nats-handle.ts';

/** A message that somebody read from a stream, and by which the stream is known again. */
export interface StreamAnchor {
  /** 0 when nothing was read yet. */
  readonly sequence: number;
  /** When the stream stored it, milliseconds since the epoch; `undefined` when that was not kept. */
  readonly storedAt: number | undefined;
}

const textOf = (time: number): string => new Date(time).toISOString();

const differs = (message: StoredMsg, storedAt: number): string | undefined => {
  const time = message.time.getTime();
  return time === storedAt
    ? undefined
    : `message ${message.seq} was stored at ${textOf(time)}, not at ${textOf(storedAt)}`;
};

/** The message has aged out, or was deleted: what is left may not be younger than it as a stream, nor older as a message. */
const contradictionOfRest = async (
  connection: LogConnection,
  stream: string,
  { sequence, storedAt }: StreamAnchor,
): Promise<string | undefined> => {
  const { streams } = await managerOf(connection);
  const { state, created } = await streams.info(stream);
  if (state.last_seq < sequence) return `it ends at ${state.last_seq}, and ${sequence} was read`;
  if (storedAt === undefined) return undefined;
  if (Date.parse(created) > storedAt) return `it was made at ${created}, after message ${sequence} was read`;
  const query = { seq: sequence, next_by_subj: '>' };
  const next = await streams.getMessage(stream, query);
  return next !== null && next.time.getTime() < storedAt
    ? `message ${next.seq} is older than message ${sequence} was`
    : undefined;
};

/**
 * What speaks against a stream being the one that the anchor was read from: it was replaced, restored from an older copy, or cut short
 * and has grown since. `undefined` when nothing does. Two requests at most while the message is there.
 *
 * @throws AppError `unavailable` when the log is away.
 */
export const contradictionOf = async (
  connection: LogConnection,
  stream: string,
  anchor: StreamAnchor,
): Promise<string | undefined> => {
  const { sequence, storedAt } = anchor;
  if (sequence < 1) return undefined;
  try {
    const { streams } = await managerOf(connection);
    const message = await streams.getMessage(stream, { seq: sequence });
    if (message === null) return await contradictionOfRest(connection, stream, anchor);
    return storedAt === undefined ? undefined : differs(message, storedAt);
  } catch (cause) {
    throw translate(cause, `looking for message ${sequence} of ${stream}`);
  }
};
