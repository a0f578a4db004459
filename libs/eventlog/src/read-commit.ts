import { logStream } from '@millrace/contracts';
import { type StoredMsg } from '@nats-io/jetstream';
import { decodeStored } from './commit.ts';
import { type Commit } from './commit.ts';
import { type LogConnection } from './connection.ts';
import { translate } from './log-errors.ts';
import { managerOf } from './nats-handle.ts';
import { type Bounds, type Fill, streamBounds, streamFill } from './stream-bounds.ts';

const load = async (
  connection: LogConnection,
  stream: string,
  query: { seq: number } | { last_by_subj: string },
): Promise<StoredMsg | undefined> => {
  const manager = await managerOf(connection);
  const found = await manager.direct.getMessage(stream, query);
  // any replica may answer a direct get, and one that lags does not know the message yet: the leader has the last word
  return found ?? (await manager.streams.getMessage(stream, query)) ?? undefined;
};

/**
 * The commit at this sequence; `undefined` when the log does not (or no longer) hold it.
 *
 * @throws AppError `unavailable` when the log is away.
 */
export const readCommit = async (
  connection: LogConnection,
  shard: number,
  sequence: number,
): Promise<Commit | undefined> => {
  try {
    const stored = await load(connection, logStream(shard), { seq: sequence });
    return stored === undefined ? undefined : decodeStored(stored);
  } catch (cause) {
    throw translate(cause, `reading commit ${sequence}`);
  }
};

/** The last message on a subject as it is stored. */
export const readLastMessage = async (
  connection: LogConnection,
  shard: number,
  subject: string,
): Promise<StoredMsg | undefined> => {
  try {
    return await load(connection, logStream(shard), { last_by_subj: subject });
  } catch (cause) {
    throw translate(cause, `reading the last message on ${subject}`);
  }
};

/** The last commit on a subject. */
export const readLastCommit = async (
  connection: LogConnection,
  shard: number,
  subject: string,
): Promise<Commit | undefined> => {
  const stored = await readLastMessage(connection, shard, subject);
  return stored === undefined ? undefined : decodeStored(stored);
};

/** @throws AppError `unavailable` when the log is away. */
export const logBounds = async (connection: LogConnection, shard: number): Promise<Bounds> =>
  streamBounds(connection, logStream(shard));

/** @throws AppError `unavailable` when the log is away. */
export const logFill = async (connection: LogConnection, shard: number): Promise<Fill> =>
  streamFill(connection, logStream(shard));
