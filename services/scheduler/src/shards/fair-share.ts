/**
 * Which shards a process leads, and when that is too many: the leaders are spread over the processes.
 *
 * I1 A process takes a free lease at once while it leads fewer than its share, the shards divided by the live processes and rounded up.
 * I2 Who leads more than its share for {@link SETTLE_MS} gives one up, and no other for as long again: a new process gets its part of
 *    the shards one after the other.
 */
import { type Milliseconds, SECOND } from '@millrace/kernel';
import { type LeaseShare } from '../leadership.ts';

/** Longer than a process takes to be heard of, or not to be heard of any more. */
export const SETTLE_MS: Milliseconds = 5 * SECOND;

export interface FairShare {
  readonly of: (shard: number) => LeaseShare;
  /** The shard that shall be given up now; `undefined`: none. Call it about once a second. */
  readonly surplus: (nowMs: number) => number | undefined;
}

export interface FairShareOptions {
  readonly shards: number;
  /** Processes that live, this one included. */
  readonly live: () => number;
}

export const makeFairShare = ({ shards, live }: FairShareOptions): FairShare => {
  const mine = new Set<number>();
  let tooManySinceMs: number | undefined;
  const share = (): number => Math.ceil(shards / live());
  return {
    of: (shard) => ({
      tryTake: () => {
        if (mine.size >= share()) return false;
        mine.add(shard);
        return true;
      },
      takeBeyond: () => void mine.add(shard),
      release: () => void mine.delete(shard),
    }),
    surplus: (nowMs) => {
      if (mine.size <= share()) {
        tooManySinceMs = undefined;
        return undefined;
      }
      tooManySinceMs ??= nowMs;
      if (nowMs - tooManySinceMs < SETTLE_MS) return undefined;
      tooManySinceMs = nowMs;
      return Math.max(...mine);
    },
  };
};
