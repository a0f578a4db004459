import { type RateLimit } from '@millrace/contracts';

/** Where a caller stands, as the headers `RateLimit-*` tell it. */
export interface RateVerdict {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  /** Seconds until the next request is allowed; 0 when it is now. */
  readonly retryAfterSeconds: number;
  /** Seconds until nothing is used any more. */
  readonly resetSeconds: number;
}

/** Counts requests by key, with the generic cell rate algorithm: exact, one number per key, no timer. */
export interface RateLimiter {
  /** @param nowMs A monotonic time, in milliseconds. */
  readonly take: (key: string, limit: RateLimit, nowMs: number) => RateVerdict;
  /** Keys that are remembered. */
  readonly size: () => number;
}

const MS = 1_000;

/** @param keysMax Beyond it the keys that owe nothing are forgotten, then the one that came first. */
export const makeRateLimiter = (keysMax: number): RateLimiter => {
  /** Time at which a key's bucket is empty again. */
  const emptyAt = new Map<string, number>();
  let sweptAt = Number.NEGATIVE_INFINITY;

  /** Looks through all of them at most once a second: a flood of new keys costs the same for each of them. */
  const sweep = (nowMs: number): void => {
    if (nowMs - sweptAt < MS) return;
    sweptAt = nowMs;
    for (const [key, at] of emptyAt) if (at <= nowMs) emptyAt.delete(key);
  };

  const forget = (nowMs: number): void => {
    sweep(nowMs);
    const [oldest] = emptyAt.size >= keysMax ? emptyAt.keys() : [];
    if (oldest !== undefined) emptyAt.delete(oldest);
  };

  return {
    take: (key, { requests, per }, nowMs) => {
      const interval = (per * MS) / requests;
      const window = per * MS;
      const from = Math.max(emptyAt.get(key) ?? nowMs, nowMs);
      const next = from + interval;
      const allowed = next - nowMs <= window + 1e-6;
      const used = (allowed ? next : from) - nowMs;
      if (allowed) {
        if (emptyAt.size >= keysMax && !emptyAt.has(key)) forget(nowMs);
        emptyAt.set(key, next);
      }
      return {
        allowed,
        limit: requests,
        remaining: Math.max(0, Math.floor((window - used) / interval + 1e-6)),
        retryAfterSeconds: allowed ? 0 : Math.max(1, Math.ceil((next - nowMs - window) / MS)),
        resetSeconds: Math.ceil(used / MS),
      };
    },
    size: () => emptyAt.size,
  };
};
