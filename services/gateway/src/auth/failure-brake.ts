import { AppError, type Clock } from '@millrace/kernel';
import { makeRateLimiter } from '@millrace/domain';
import { AUTH_FAILURES_MAX, AUTH_FAILURES_WINDOW_S, RATE_CALLERS_MAX } from '../limits.ts';

/** Slows down whoever guesses tokens and keys, without locking out those behind the same address who have one. */
export interface FailureBrake {
  /**
   * Counts failures of `check` for the address.
   *
   * @param presented Undefined when nothing was presented: that is no guess, and does not count.
   * @throws AppError `over_limit` `auth.too_many_failures` instead of the failure, once there were too many.
   */
  readonly guard: <Result>(address: string, presented: string | undefined, check: () => Result) => Result;
  /** The error to throw for a key that was wrong: the given one, until there were too many. */
  readonly refused: (address: string, error: AppError) => AppError;
}

export const makeFailureBrake = (clock: Pick<Clock, 'monotonic'>): FailureBrake => {
  const limiter = makeRateLimiter(RATE_CALLERS_MAX);
  const limit = { requests: AUTH_FAILURES_MAX, per: AUTH_FAILURES_WINDOW_S };

  const refused = (address: string, error: AppError): AppError => {
    const { allowed, retryAfterSeconds } = limiter.take(address, limit, clock.monotonic());
    if (allowed) return error;
    return new AppError('over_limit', 'auth.too_many_failures', 'too many wrong tokens or keys from this address', {
      retryAfterSeconds,
    });
  };

  return {
    refused,
    guard: (address, presented, check) => {
      try {
        return check();
      } catch (error) {
        if (presented === undefined || !(error instanceof AppError) || error.kind !== 'unauthenticated') throw error;
        throw refused(address, error);
      }
    },
  };
};
