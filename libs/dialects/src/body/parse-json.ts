import { AppError, checkJsonText, JSON_DEPTH_MAX, JSON_KEYS_MAX, tooDeep, tooMany } from '@millrace/kernel';

const invalid = (code: string, message: string, cause?: unknown): AppError =>
  new AppError('invalid', code, message, { cause });

/** Number of the names, none of which may be `__proto__`. */
const checkNames = (names: readonly string[]): number => {
  if (names.includes('__proto__')) throw invalid('body.forbidden_name', 'the body has a member named __proto__');
  return names.length;
};

const collectObjects = (parent: object, into: object[]): void => {
  for (const value of Object.values(parent) as unknown[]) {
    if (typeof value === 'object' && value !== null) into.push(value);
  }
};

/**
 * Bounds depth and number of members, and refuses `__proto__`, which would become a prototype wherever objects are merged.
 * Walks with a stack of its own: a nesting of half a million arrays is one megabyte.
 */
const checkShape = (root: object): void => {
  let keys = 0;
  let level: readonly object[] = [root];
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > JSON_DEPTH_MAX) throw tooDeep(JSON_DEPTH_MAX);
    const next: object[] = [];
    for (const parent of level) {
      if (!Array.isArray(parent)) keys += checkNames(Object.keys(parent));
      if (keys > JSON_KEYS_MAX) throw tooMany(JSON_KEYS_MAX, 'members');
      collectObjects(parent, next);
    }
    level = next;
  }
};

/**
 * For what somebody else has parsed: the bounds of {@link parseJson}.
 *
 * @throws AppError `invalid` `body.too_deep`, `body.too_many_members`, `body.forbidden_name`.
 */
export const checkJsonBounds = (value: unknown): void => {
  if (typeof value === 'object' && value !== null) checkShape(value);
};

/** What the parser says about where the text stops being JSON, without quoting the body. */
const whereOf = (error: unknown): string => {
  const match = error instanceof Error ? /position \d+(?: \(line \d+ column \d+\))?/.exec(error.message) : null;
  return match === null ? '' : ` at ${match[0]}`;
};

/**
 * A JSON text within the bounds of this server; an empty text is `undefined`.
 *
 * @throws AppError `invalid` `body.invalid_json`, `body.too_deep`, `body.too_many_members`, `body.forbidden_name`.
 */
export const parseJson = (text: string): unknown => {
  if (text === '') return undefined;
  checkJsonText(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid('body.invalid_json', `the body is not valid JSON${whereOf(cause)}`, cause);
  }
  checkJsonBounds(value);
  return value;
};
