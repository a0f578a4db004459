import { INBOX_STREAM, type InboxRecord, inboxSubject, parseInboxRecord } from '@millrace/contracts';
import { type LogConnection } from './connection.ts';
import { type Delivered } from './delivered.ts';
import { type FollowOutputOptions } from './follow-output.ts';
import { followStream } from './follow-stream.ts';
import { contradictionOf, type StreamAnchor } from './stream-anchor.ts';
import { type Bounds, streamBounds } from './stream-bounds.ts';

/** Requests that were stored as one message. */
export interface InboxPack {
  readonly sequence: number;
  /** When the stream stored it, milliseconds since the epoch. */
  readonly storedAt: number;
  readonly records: readonly InboxRecord[];
}

/** Records of one message; what is none is left out, its sequence still counts. */
const decodeRecords = (text: string): readonly InboxRecord[] => {
  try {
    const members: unknown = JSON.parse(text);
    return Array.isArray(members) ? members.flatMap((member) => parseInboxRecord(member) ?? []) : [];
  } catch {
    return [];
  }
};

const decode = ({ sequence, time, message }: Delivered): InboxPack => ({
  sequence,
  storedAt: time,
  records: decodeRecords(message.string()),
});

/**
 * Requests that started no run, as `followOutput` does it.
 *
 * @throws AppError as `follow`.
 */
export async function* followInbox(
  connection: LogConnection,
  { shard, fromSequence, anchor, signal }: FollowOutputOptions,
): AsyncGenerator<readonly InboxPack[], void, undefined> {
  const options = { stream: INBOX_STREAM, filters: [inboxSubject(shard)], fromSequence, anchor, signal };
  for await (const batch of followStream(connection, options)) yield batch.map(decode);
}

/**
 * Bounds of the stream, which all shards share.
 *
 * @throws AppError `unavailable` when the log is away.
 */
export const inboxBounds = async (connection: LogConnection): Promise<Bounds> => streamBounds(connection, INBOX_STREAM);

/**
 * What speaks against the stream being the one that the anchor was read from; `undefined` when nothing does.
 *
 * @throws AppError `unavailable` when the log is away.
 */
export const inboxContradiction = async (
  connection: LogConnection,
  anchor: StreamAnchor,
): Promise<string | undefined> => contradictionOf(connection, INBOX_STREAM, anchor);
