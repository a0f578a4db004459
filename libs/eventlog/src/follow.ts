import { decodeCommit, logStream, logSubject } from '@millrace/contracts';
import { type Commit } from './commit.ts';
import { type LogConnection } from './connection.ts';
import { type Delivered } from './delivered.ts';
import { followStream } from './follow-stream.ts';
import { type StreamAnchor } from './stream-anchor.ts';

export interface FollowOptions {
  readonly shard: number;
  /** The first sequence wanted; 1 or 0 for everything. */
  readonly fromSequence: number;
  /** A message that was read from this log before: the log must still be the same. */
  readonly anchor?: StreamAnchor | undefined;
  /** Only these subjects; all of the shard by default. */
  readonly subjects?: readonly string[];
  /** Ends the iteration. */
  readonly signal: AbortSignal;
  /** Commits per batch at most; 256 by default. */
  readonly maxBatch?: number;
}

const decode = ({ sequence, time, bytes, message }: Delivered): Commit => ({
  sequence,
  subject: message.subject,
  time,
  bytes,
  events: decodeCommit(message.string(), message.subject),
});

/**
 * Yields the commits of a shard in order, history first and then live, in batches of all that has arrived. No gap and no repeat,
 * whatever happens to the connection or the server in between. Reads no further ahead than a bounded buffer. Ends when the signal aborts.
 *
 * @throws AppError `unavailable` `log.closed` when the connection is closed, `log.rewound` when the log was replaced or cut short,
 * which is looked for whenever the consumer is opened.
 */
export async function* follow(
  connection: LogConnection,
  { shard, fromSequence, anchor, subjects, signal, maxBatch }: FollowOptions,
): AsyncGenerator<readonly Commit[], void, undefined> {
  const batches = followStream(connection, {
    stream: logStream(shard),
    filters: subjects ?? [logSubject.all(shard)],
    fromSequence,
    anchor,
    signal,
    ...(maxBatch === undefined ? {} : { maxBatch }),
  });
  for await (const batch of batches) yield batch.map(decode);
}
