import { AppError } from './errors.ts';

export type Milliseconds = number;

export const SECOND: Milliseconds = 1_000;
export const MINUTE: Milliseconds = 60 * SECOND;
export const HOUR: Milliseconds = 60 * MINUTE;
export const DAY: Milliseconds = 24 * HOUR;

const UNITS: Readonly<Record<string, Milliseconds>> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: DAY };

/**
 * Reads `250ms`, `20s`, `15m`, `2h`, `7d`, or a bare number of seconds.
 *
 * @throws AppError `invalid` when the text is none of these.
 */
export const parseDuration = (text: string | number): Milliseconds => {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?$/.exec(String(text).trim());
  if (match === null) {
    throw new AppError('invalid', 'duration.invalid', `"${text}" is not a duration: write 250ms, 20s, 15m, 2h or 7d`);
  }
  return Math.round(Number(match[1]) * (UNITS[match[2] ?? 's'] ?? SECOND));
};
