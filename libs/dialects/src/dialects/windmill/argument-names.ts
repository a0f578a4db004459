import { AppError } from '@millrace/kernel';
import { JSON_KEYS_MAX } from '../../body/limits.ts';

/** Arguments of a run by their names. */
export type Arguments = Readonly<Record<string, unknown>>;

/**
 * Arguments from names that a caller chose; of several with one name the last counts.
 *
 * @throws AppError `invalid` `body.forbidden_name`, `body.too_many_members`: as in JSON.
 */
export const argumentsOfPairs = (pairs: readonly (readonly [name: string, value: unknown])[]): Arguments => {
  if (pairs.some(([name]) => name === '__proto__')) {
    throw new AppError('invalid', 'body.forbidden_name', 'an argument may not be named __proto__');
  }
  if (pairs.length > JSON_KEYS_MAX) {
    throw new AppError('invalid', 'body.too_many_members', `the body has more than ${JSON_KEYS_MAX} members`);
  }
  return Object.fromEntries(pairs);
};
