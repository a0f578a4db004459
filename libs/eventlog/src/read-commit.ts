import { logStream } from '@millrace/contracts';
import { type StoredMsg } from '@nats-io/jetstream';
import { decodeStored } from './commit.ts';
import { type Commit } from './commit.ts';
import { type LogConnection } from './connection.ts';
import { loadMessage } from './load-message.ts';
import { translate } from './log-errors.ts';
import { contradictionOf, type StreamAnchor } from './stream-anchor.ts';
import { type Bounds, type Fill, streamBounds, streamFill } from './stream-bounds.ts';

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
  if (sequence < 1) return undefined; // before every log
  try {
    const stored = await loadMessage(connection, logStream(shard), { seq: sequence });
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
    return await loadMessage(connection, logStream(shard), { last_by_subj: subject });
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

/**
 * What speaks against this log being the one that the anchor was read from; `undefined` when nothing does.
 *
 * @throws AppError `unavailable` when the log is away.
 */
export const logContradiction = async (
  connection: LogConnection,
  shard: number,
  anchor: StreamAnchor,
): Promise<string | undefined> => contradictionOf(connection, logStream(shard), anchor);
