import type { Milliseconds } from './duration.ts';

export interface Backoff {
  readonly first: Milliseconds;
  readonly max: Milliseconds;
}

/** Delay before try `attempt` (1 = first retry): doubles from `first` up to `max`. */
export const backoffDelay = ({ first, max }: Backoff, attempt: number): Milliseconds =>
  Math.min(max, first * 2 ** Math.min(attempt - 1, 30));
