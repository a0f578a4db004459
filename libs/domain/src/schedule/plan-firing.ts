import { MINUTE, type Milliseconds } from '@millrace/kernel';
import { lastInstant, nextInstant, type Schedule } from './next-instant.ts';

/** An instant that is noticed no later than this is on time. */
export const LATE_MAX: Milliseconds = MINUTE;

/** What becomes of instants that nobody noticed: `latest` starts one run for the last of them, `none` starts none. */
export type CatchUp = 'latest' | 'none';

export interface FiringQuestion {
  readonly schedule: Schedule;
  readonly catchUp: CatchUp;
  /** Everything up to here is settled, milliseconds since the epoch: it fired, or was before the schedule was in service. */
  readonly baselineMs: number;
  readonly nowMs: number;
}

export interface Firing {
  /** The instant for which a run is due now. */
  readonly due: number | undefined;
  /** The next one in the future; `undefined`: never again. */
  readonly next: number | undefined;
}

/** Whether a run is due, and when the next one is. However many instants have passed, one run is due at most. */
export const planFiring = ({ schedule, catchUp, baselineMs, nowMs }: FiringQuestion): Firing => {
  const last = lastInstant(schedule, Math.min(baselineMs, nowMs), nowMs);
  const isDue = last !== undefined && last > baselineMs && (catchUp === 'latest' || nowMs - last <= LATE_MAX);
  return { due: isDue ? last : undefined, next: nextInstant(schedule, nowMs) };
};
