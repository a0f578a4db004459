import { AppError, DAY, type Milliseconds, SECOND } from '@millrace/kernel';
import { type StartTime } from '@millrace/dialects';

/** Of the time that the log keeps a request, the share that it may wait: the rest is for the run itself. */
const DELAY_SHARE_MAX = 6 / 7;
/** Until the log was asked: a week, as it keeps by default. */
const LOG_KEEPS_MS: Milliseconds = 7 * DAY;
/** Longer is no wait that anybody meant, where the log keeps everything. */
const DELAY_MAX_MS: Milliseconds = 365 * DAY;

/** The longest that a run may be put off. */
export const longestDelay = (logKeepsMs: Milliseconds = LOG_KEEPS_MS): Milliseconds =>
  Math.min(DELAY_MAX_MS, Math.floor(logKeepsMs * DELAY_SHARE_MAX));

const instantOf = (start: StartTime, nowMs: number): number => ('atMs' in start ? start.atMs : nowMs + start.inMs);

/**
 * The earliest start as it is recorded, RFC 3339; `undefined` when it has passed, and the run starts as soon as it may.
 *
 * @throws AppError `invalid` `not_before.too_late` when the log would forget the request before.
 */
export const notBeforeOf = (
  start: StartTime | undefined,
  { nowMs, logKeepsMs }: { readonly nowMs: number; readonly logKeepsMs: Milliseconds | undefined },
): string | undefined => {
  if (start === undefined) return undefined;
  const instantMs = instantOf(start, nowMs);
  if (instantMs <= nowMs) return undefined;
  const longest = longestDelay(logKeepsMs);
  if (instantMs - nowMs <= longest) return new Date(instantMs).toISOString();
  throw new AppError('invalid', 'not_before.too_late', 'not_before is later than this server can keep a request', {
    details: { max_seconds: Math.floor(longest / SECOND) },
  });
};
