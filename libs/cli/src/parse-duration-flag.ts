import { messageOf, type Milliseconds, parseDuration } from '@millrace/kernel';
import { CommandError, EXIT } from './exit-codes.ts';

/** Reads the value of a flag, such as `30s`, `15m`, `7d`. */
export const parseDurationFlag = (flag: string, text: string): Milliseconds => {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new CommandError(EXIT.usage, `${flag}: ${messageOf(error)}`);
  }
};
