/** The last instant that Postgres reads as `Date` writes it. */
const LAST_MS = Date.UTC(9999, 11, 31);

/** A time of an event's data, in UTC and milliseconds; null for what is none, because one bad value would stop the projection. */
export const instantText = (text: string | undefined): string | null => {
  const ms = Date.parse(text ?? '');
  return ms >= 0 && ms <= LAST_MS ? new Date(ms).toISOString() : null;
};
