import { DAY, HOUR, MINUTE, type Milliseconds, SECOND } from '@millrace/kernel';

/** Pauses before the second attempt, the third, and so on: what Standard Webhooks proposes and Svix does. */
export const WEBHOOK_SCHEDULE: readonly Milliseconds[] = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  10 * HOUR,
];
/** A pause is up to this part longer, by chance, so that what failed together does not come back together. */
const JITTER = 0.1;
/** A receiver may ask for a longer pause than the schedule's, but not for more than this. */
export const RETRY_AFTER_MAX: Milliseconds = DAY;
/** An endpoint where nothing has arrived for so long is disabled. */
export const GIVE_UP_AFTER: Milliseconds = 5 * DAY;

export interface FailedAttempt {
  /** Attempts that have failed, this one included. */
  readonly failures: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly schedule: readonly Milliseconds[];
  /** What the receiver asked for. */
  readonly retryAfter?: Milliseconds | undefined;
  /** From 0 to 1. */
  readonly chance: number;
}

/** When to try again, in milliseconds since the epoch; `undefined` when the schedule is used up. */
export const nextAttemptAt = ({
  failures,
  now,
  schedule,
  retryAfter = 0,
  chance,
}: FailedAttempt): number | undefined => {
  const pause = schedule[failures - 1];
  if (pause === undefined) return undefined;
  const asked = Math.min(retryAfter, RETRY_AFTER_MAX);
  return Math.ceil(now + Math.max(pause * (1 + JITTER * chance), asked));
};

/**
 * Reads `Retry-After`: seconds, or an HTTP date. `undefined` when it is neither, or is in the past.
 *
 * @see RFC 9110, 10.2.3
 */
export const parseRetryAfter = (text: string | undefined, now: number): Milliseconds | undefined => {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * SECOND;
  // The language reads far more as a date than HTTP does.
  const at = /^[A-Z][a-z]{2}, \d/.test(text.trim()) ? Date.parse(text) : NaN;
  return at > now ? at - now : undefined;
};
