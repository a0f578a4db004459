import { DEFAULT_SHARD, type OutputChunk, outputStream, outputSubject } from '@millrace/contracts';
import { type LogConnection } from './connection.ts';
import { type Delivered } from './delivered.ts';
import { followStream } from './follow-stream.ts';
import { contradictionOf, type StreamAnchor } from './stream-anchor.ts';
import { type Bounds, streamBounds } from './stream-bounds.ts';

/** Chunks of many runs that were stored as one message. */
export interface OutputPack {
  readonly sequence: number;
  /** When the stream stored it, milliseconds since the epoch. */
  readonly storedAt: number;
  readonly chunks: readonly OutputChunk[];
}

export interface FollowOutputOptions {
  readonly shard: number;
  /** The first sequence wanted; 1 or 0 for everything that is kept. */
  readonly fromSequence: number;
  /** A pack that was read from this stream before: the stream must still be the same. */
  readonly anchor?: StreamAnchor | undefined;
  readonly signal: AbortSignal;
}

const isChunk = (value: unknown): value is OutputChunk => {
  if (typeof value !== 'object' || value === null) return false;
  const { runId, attempt, index, stream, time, text } = value as Record<string, unknown>;
  return (
    [runId, stream, time, text].every((member) => typeof member === 'string') &&
    Number.isInteger(attempt) &&
    Number.isInteger(index)
  );
};

/** Chunks of one message; what is none is left out, its sequence still counts. */
export const decodeOutput = (text: string): readonly OutputChunk[] => {
  try {
    const members: unknown = JSON.parse(text);
    return Array.isArray(members) ? members.filter(isChunk) : [];
  } catch {
    return [];
  }
};

const decode = ({ sequence, time, message }: Delivered): OutputPack => ({
  sequence,
  storedAt: time,
  chunks: decodeOutput(message.string()),
});

/**
 * Output of all runs as it is stored, as `follow` does it: in order, without gap or repeat, bounded.
 *
 * @throws AppError as `follow`.
 */
export async function* followOutput(
  connection: LogConnection,
  { shard, fromSequence, anchor, signal }: FollowOutputOptions,
): AsyncGenerator<readonly OutputPack[], void, undefined> {
  const filters = [outputSubject(shard)];
  const options = { stream: outputStream(shard), filters, fromSequence, anchor, signal };
  for await (const batch of followStream(connection, options)) yield batch.map(decode);
}

/**
 * Bounds of the output of a shard.
 *
 * @throws AppError `unavailable` when the log is away.
 */
export const outputBounds = async (connection: LogConnection, shard = DEFAULT_SHARD): Promise<Bounds> =>
  streamBounds(connection, outputStream(shard));

/**
 * What speaks against the output stream being the one that the anchor was read from; `undefined` when nothing does.
 *
 * @throws AppError `unavailable` when the log is away.
 */
export const outputContradiction = async (
  connection: LogConnection,
  anchor: StreamAnchor,
  shard = DEFAULT_SHARD,
): Promise<string | undefined> => contradictionOf(connection, outputStream(shard), anchor);
