import { AppError, type Milliseconds, parseDuration } from '@millrace/kernel';

/** The earliest start of a run: an instant in milliseconds since the epoch, or so long after the request. */
export type StartTime = { readonly atMs: number } | { readonly inMs: Milliseconds };

/** RFC 3339 with an offset: without one nobody knows which instant is meant. */
const INSTANT = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:\d{2})$/;

const invalid = (): AppError =>
  new AppError(
    'invalid',
    'not_before.invalid',
    'not_before must be a duration such as 30s, 15m or 2h, or an instant such as 2026-12-24T03:00:00Z',
  );

const durationOf = (text: string): Milliseconds => {
  try {
    return parseDuration(text);
  } catch {
    throw invalid();
  }
};

/**
 * When a run may start: `?not_before=30s`, `?not_before=2026-12-24T03:00:00Z`. `undefined` without it.
 *
 * @throws AppError `invalid` `not_before.invalid`.
 */
export const readNotBefore = (query: unknown): StartTime | undefined => {
  if (query === undefined) return undefined;
  if (typeof query !== 'string' || query === '') throw invalid();
  // a plus that was not encoded is a space in a query
  const text = query.replace(/ (\d{2}:\d{2})$/, '+$1');
  if (!INSTANT.test(text)) return { inMs: durationOf(query) };
  const atMs = Date.parse(text);
  if (Number.isNaN(atMs)) throw invalid();
  return { atMs };
};
