import { hash, randomFillSync } from 'node:crypto';
import { type Clock } from '@millrace/kernel';
import { DEFAULT_SHARD, SHARD_BYTE, UUID_RANDOM_BYTES, uuidV7 } from '@millrace/contracts';
import { systemClock } from './system-clock.ts';

/** Random bytes fetched at once: one call to the kernel serves hundreds of ids. */
const POOL_BYTES = 8_192;
const SECRET_BYTES = 32;
const TOKEN_ID_BYTES = 6;
/** The 12 bits behind the time of a UUIDv7 count within one millisecond. */
const COUNTER_MAX = 0xfff;

/** A token as it is shown once. What is kept is `sha256`. */
export interface NewToken {
  readonly id: string;
  /** `mr_<id>_<secret>`, the secret being 256 random bits in hex. */
  readonly token: string;
  /** SHA-256 of `token`, hex. */
  readonly sha256: string;
}

export interface Ids {
  /** A UUIDv7 that carries the shard of the run, the first by default; each one sorts after every earlier one of this process. */
  readonly runId: (shard?: number) => string;
  /** Unique, short and cheap; for events that no command names. */
  readonly eventId: () => string;
  /** 16 hex digits. */
  readonly spanId: () => string;
  /** 32 hex digits. */
  readonly traceId: () => string;
  /** 256 random bits, hex. */
  readonly tokenSecret: () => string;
  readonly newToken: () => NewToken;
  /** 48 random bits, hex: for names of processes, executors, gateways. */
  readonly shortId: () => string;
}

/** Hex SHA-256 of a text; how tokens and keys are kept. */
export const sha256Hex = (text: string): string => hash('sha256', text);

const makePool = (): ((bytes: number) => Buffer) => {
  const pool = Buffer.allocUnsafe(POOL_BYTES);
  let used = POOL_BYTES;
  return (bytes) => {
    if (used + bytes > POOL_BYTES) {
      randomFillSync(pool);
      used = 0;
    }
    used += bytes;
    return pool.subarray(used - bytes, used);
  };
};

/** UUIDv7 with a counter in `rand_a` (RFC 9562, 6.2 method 1), so that ids of one millisecond, or of a clock set back, keep their order. */
const makeMonotonicUuid = (take: (bytes: number) => Buffer, clock: Clock): Ids['runId'] => {
  let time = 0;
  let counter = 0;
  return (shard = DEFAULT_SHARD) => {
    const random = take(UUID_RANDOM_BYTES);
    const now = clock.now();
    if (now > time) {
      time = now;
      // The upper half stays free for what the same millisecond still brings.
      counter = random.readUInt16BE(0) & (COUNTER_MAX >> 1);
    } else if (counter === COUNTER_MAX) {
      time += 1;
      counter = 0;
    } else counter += 1;
    random.writeUInt16BE(counter, 0);
    random[SHARD_BYTE] = shard;
    return uuidV7(time, random);
  };
};

/** Makes ids for one process. Randomness is pooled; secrets take it from the kernel like everything else. */
export const makeIds = (clock: Clock = systemClock): Ids => {
  const take = makePool();
  const hex = (bytes: number): string => take(bytes).toString('hex');
  const process = hex(TOKEN_ID_BYTES);
  let events = 0;
  return {
    runId: makeMonotonicUuid(take, clock),
    eventId: () => `${process}-${(events++).toString(36)}`,
    spanId: () => hex(8),
    traceId: () => hex(16),
    tokenSecret: () => hex(SECRET_BYTES),
    shortId: () => hex(TOKEN_ID_BYTES),
    newToken: () => {
      const id = hex(TOKEN_ID_BYTES);
      const token = `mr_${id}_${hex(SECRET_BYTES)}`;
      return { id, token, sha256: sha256Hex(token) };
    },
  };
};
