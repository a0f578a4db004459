/**
 * Requests with a key, in the log of their workflow's shard. When the number of shards changed less long ago than the log keeps keys, the
 * workflow may have been in another one: the first request under the key is looked for there before another is recorded.
 */
import { type Ring, type RunRequested, shardOfWorkflow, writtenShard } from '@millrace/contracts';
import { findKeyed, type KeyedOutcome, type LogConnection, recordKeyed } from '@millrace/eventlog';
import { type Milliseconds } from '@millrace/kernel';
import { APPEND_TIMEOUT_MS } from '../limits.ts';

export interface KeyedRequests {
  readonly record: (keyHash: string, event: RunRequested) => Promise<KeyedOutcome>;
  /** The request that was recorded under the key of this one; reads, and takes no room. */
  readonly find: (keyHash: string, like: RunRequested) => Promise<RunRequested | undefined>;
}

export interface KeyedRequestsDeps {
  readonly connection: LogConnection;
  readonly ring: Ring;
  /** How long the log keeps a key; `undefined` until that is known. */
  readonly keepsMs: () => Milliseconds | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Clocks of the machines may differ so much. */
const MARGIN_MS = 3_600_000;

export const makeKeyedRequests = ({ connection, ring, keepsMs, now }: KeyedRequestsDeps): KeyedRequests => {
  const shardOf = ({ subject }: RunRequested): number => writtenShard(subject, ring.shards);
  const isRecent = (): boolean =>
    ring.sinceMs > 0 && now() - ring.sinceMs < (keepsMs() ?? Number.POSITIVE_INFINITY) + MARGIN_MS;
  const earlierShards = (event: RunRequested): readonly number[] => {
    if (!isRecent()) return [];
    const shards = ring.earlier.map((count) => shardOfWorkflow(event.workspace, event.workflow, count));
    return [...new Set(shards)].filter((shard) => shard !== shardOf(event));
  };
  const findEarlier = async (keyHash: string, event: RunRequested): Promise<KeyedOutcome | undefined> => {
    for (const shard of earlierShards(event)) {
      const found = await findKeyed(connection, { shard, keyHash });
      if (found !== undefined) return { outcome: 'exists', ...found };
    }
    return undefined;
  };
  return {
    record: async (keyHash, event) =>
      (await findEarlier(keyHash, event)) ??
      recordKeyed(connection, { shard: shardOf(event), keyHash, event, timeoutMs: APPEND_TIMEOUT_MS }),
    find: async (keyHash, like) =>
      ((await findEarlier(keyHash, like)) ?? (await findKeyed(connection, { shard: shardOf(like), keyHash })))?.event,
  };
};
