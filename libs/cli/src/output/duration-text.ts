import { HOUR, MINUTE, SECOND } from '@millrace/kernel';

/** `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`. */
export const durationText = (milliseconds: number): string => {
  if (milliseconds < 10 * SECOND) return `${(milliseconds / SECOND).toFixed(1)} s`;
  if (milliseconds < MINUTE) return `${Math.round(milliseconds / SECOND)} s`;
  if (milliseconds < HOUR) {
    return `${Math.floor(milliseconds / MINUTE)} min ${Math.floor((milliseconds % MINUTE) / SECOND)} s`;
  }
  return `${Math.floor(milliseconds / HOUR)} h ${Math.floor((milliseconds % HOUR) / MINUTE)} min`;
};

/** How long ago, or since when to when; empty without a beginning. */
export const elapsedText = (from: string | undefined, to: string | undefined, nowMs: number): string =>
  from === undefined ? '' : durationText(Math.max(0, (to === undefined ? nowMs : Date.parse(to)) - Date.parse(from)));
