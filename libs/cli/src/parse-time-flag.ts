import { CommandError, EXIT } from './exit-codes.ts';
import { parseDurationFlag } from './parse-duration-flag.ts';

/** A time, or how long ago: `1h`. */
export const parseTimeFlag = (flag: string, text: string): string => {
  if (/^\d+(\.\d+)?(ms|s|m|h|d)$/.test(text)) return new Date(Date.now() - parseDurationFlag(flag, text)).toISOString();
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return new Date(time).toISOString();
  throw new CommandError(EXIT.usage, `${flag} "${text}" is no time: write 1h, 7d or 2026-11-21T12:00:00Z`);
};
