/**
 * Which of the logs a workflow and its runs belong to, and what of a limit of the server each of them gets.
 *
 * A workflow belongs to one shard, so whatever holds for one workflow (its limits, keys, idempotency, order) is decided by one leader. A
 * run id carries its shard, so that whoever knows the id knows the log.
 *
 * @see docs/adr/0026-workflows-are-spread-over-shards.md
 */
import { uuidV7TimeMs } from './ids.ts';
import { DEFAULT_SHARD } from './subjects.ts';

/** As many as the bits of an id tell apart. */
export const SHARDS_MAX = 64;

/** How the logs of a server are laid out; kept with the first of them. */
export interface Ring {
  /** Shards that take new runs. */
  readonly shards: number;
  /** Logs that there are, those of shards that take nothing any more included: whoever reads, reads all of them. */
  readonly logs: number;
  /** When the number of shards changed last, milliseconds since the epoch; 0: never. */
  readonly sinceMs: number;
  /** Numbers of shards before this one, the newest first. */
  readonly earlier: readonly number[];
}

/** What every server had before there were shards. */
export const SINGLE_RING: Ring = { shards: 1, logs: 1, sinceMs: 0, earlier: [] };

/** The numbers of so many shards. */
export const shardsUpTo = (count: number): readonly number[] => Array.from({ length: count }, (_, shard) => shard);

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** FNV-1a over both bytes of each code unit, its bits mixed as murmur3 does. 32 bits, the same for ever. */
const hash32 = (text: string): number => {
  let hash = FNV_OFFSET;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    hash = Math.imul(hash ^ (unit & 0xff), FNV_PRIME);
    hash = Math.imul(hash ^ (unit >>> 8), FNV_PRIME);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
};

/** The shard of everything that is about a workflow. */
export const shardOfWorkflow = (workspace: string, path: string, shards: number): number =>
  shards === 1 ? DEFAULT_SHARD : hash32(`${workspace}/${path}`) % shards;

/** Bits of the byte behind the variant of a UUID, which carry the shard. */
const SHARD_BITS = 0x3f;
/** Index of that byte among the random ones of a UUIDv7. */
export const SHARD_BYTE = 2;
const SHARD_HEX_AT = 19;

/** The shard that a run id carries; ids that were made before there were shards carry any. */
export const carriedShard = (runId: string): number =>
  Number.parseInt(runId.slice(SHARD_HEX_AT, SHARD_HEX_AT + 2), 16) & SHARD_BITS;

/** Clocks of gateways may differ so much from the one that noted when the ring changed. */
const CLOCKS_DIFFER_MS = 3_600_000;

/**
 * The logs that may hold a run of which nothing but its id is known: one, unless the number of shards changed at about the time of the id
 * or after it. With one log the id need not carry anything.
 */
export const shardsOfRun = (runId: string, { shards, logs, sinceMs }: Ring): readonly number[] => {
  if (logs === 1) return [DEFAULT_SHARD];
  if (sinceMs > 0 && uuidV7TimeMs(runId) < sinceMs + CLOCKS_DIFFER_MS) return shardsUpTo(logs);
  return [writtenShard(runId, shards)];
};

/** Where something new about a run is written. What belongs to no shard is nobody's run, and lands in the first. */
export const writtenShard = (runId: string, shards: number): number => {
  const carried = shards === 1 ? DEFAULT_SHARD : carriedShard(runId);
  return carried < shards ? carried : DEFAULT_SHARD;
};

/** What a shard gets of a limit of the whole server: all shares together are the limit. */
export const shareOf = (limit: number, shards: number, shard: number): number =>
  Math.floor(limit / shards) + (shard < limit % shards ? 1 : 0);

/** As {@link shareOf}; which shards get what is left over depends on the seed, so that many who share alike do not all favour the same ones. */
export const seededShareOf = (limit: number, shards: number, { shard, seed }: SeededShard): number =>
  shards === 1 ? limit : shareOf(limit, shards, (shard + (hash32(seed) % shards)) % shards);

export interface SeededShard {
  readonly shard: number;
  readonly seed: string;
}
