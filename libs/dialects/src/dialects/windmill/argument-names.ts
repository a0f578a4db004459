import { AppError, JSON_KEYS_MAX, tooMany } from '@millrace/kernel';

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
    throw tooMany(JSON_KEYS_MAX, 'members');
  }
  return Object.fromEntries(pairs);
};
