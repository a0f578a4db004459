import { backoffDelay, MINUTE, SECOND } from '@millrace/kernel';
import { GIVE_UP_AFTER, RETRY_AFTER_MAX } from './delivery-schedule.ts';

/**
 * How an endpoint has answered lately. `closed`: it answers. After {@link FAILURES_MAX} failures in a row the circuit opens: nothing is
 * sent for a while that doubles from 5 s to 5 min; then one attempt at a time, until one succeeds.
 */
export interface EndpointHealth {
  /** In a row, whatever was sent. */
  readonly failures: number;
  /** Milliseconds since the epoch: nothing is sent before. 0: no pause. */
  readonly pauseUntil: number;
  /** Milliseconds since the epoch: of the first failure since the last success. */
  readonly failingSince?: number;
}

export const HEALTHY: EndpointHealth = { failures: 0, pauseUntil: 0 };

const FAILURES_MAX = 5;
const PAUSE = { first: 5 * SECOND, max: 5 * MINUTE };

/** Attempts that may be under way at the same time. */
export const attemptsAllowed = ({ failures, pauseUntil }: EndpointHealth, now: number, most: number): number => {
  if (now < pauseUntil) return 0;
  return failures >= FAILURES_MAX ? 1 : most;
};

/** @param retryAfter milliseconds that the receiver asked for */
export const afterFailure = (health: EndpointHealth, now: number, retryAfter = 0): EndpointHealth => {
  const failures = health.failures + 1;
  const pause = failures < FAILURES_MAX ? 0 : backoffDelay(PAUSE, failures - FAILURES_MAX + 1);
  const asked = Math.min(retryAfter, RETRY_AFTER_MAX);
  const until = pause + asked === 0 ? 0 : now + Math.max(pause, asked);
  return {
    failures,
    pauseUntil: Math.max(health.pauseUntil, until),
    failingSince: health.failingSince ?? now,
  };
};

/** Whether to stop trying for good, until somebody enables the endpoint again. */
export const isHopeless = ({ failingSince }: EndpointHealth, now: number): boolean =>
  failingSince !== undefined && now - failingSince >= GIVE_UP_AFTER;
