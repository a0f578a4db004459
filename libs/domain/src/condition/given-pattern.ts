import { AppError } from '@millrace/kernel';
import { failedError } from './condition-error.ts';
import { type Meter } from './meter.ts';
import { compilePattern, type Pattern } from './pattern/compile-pattern.ts';

/** Of a character or an instruction: to read and to compile it. */
const COMPILE_COST = 4;
/** Characters that a slow test is asked about once. */
const ASCII_CHARACTERS = 128;

/**
 * A pattern that came with the request: its problem is the request's, and its text stays out of the message.
 *
 * @param who `matches()`, as the message names it.
 */
export const compileGiven = (source: string, meter: Meter, who: string): Pattern => {
  meter.charge(source.length * COMPILE_COST);
  try {
    const pattern = compilePattern(source);
    meter.charge(pattern.instructions * COMPILE_COST + pattern.excess * ASCII_CHARACTERS);
    return pattern;
  } catch (cause) {
    if (!(cause instanceof AppError) || cause.code === 'condition.failed') throw cause;
    throw failedError(`${who} was given a regular expression that is not supported`);
  }
};
