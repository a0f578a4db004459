import { type CharacterTest, type WeighedTest } from './syntax-tree.ts';

const between =
  (low: number, high: number): CharacterTest =>
  (point) =>
    point >= low && point <= high;
/** Times of tests that take longer than a comparison or two, in comparisons. */
const comparisons = new WeakMap<CharacterTest, number>();
const comparisonsOf = (test: CharacterTest): number => comparisons.get(test) ?? 1;
const taking = (test: CharacterTest, count: number): CharacterTest => {
  comparisons.set(test, count);
  return test;
};
/** As measured: a class of Unicode is a regular expression of its own; changing the case makes four texts. */
const UNICODE_COMPARISONS = 12;
const CASE_COMPARISONS = 24;

export const oneOf = (...tests: readonly CharacterTest[]): CharacterTest =>
  taking(
    (point) => tests.some((test) => test(point)),
    tests.reduce((sum, test) => sum + comparisonsOf(test), 0),
  );
export const not = (test: CharacterTest): CharacterTest => taking((point) => !test(point), comparisonsOf(test));
export const isExactly =
  (wanted: number): CharacterTest =>
  (point) =>
    point === wanted;
export const range = between;

const digit = between(0x30, 0x39);
const upper = between(0x41, 0x5a);
const lower = between(0x61, 0x7a);
const letter = oneOf(upper, lower);
export const isWordCharacter = oneOf(letter, digit, isExactly(0x5f));
/** RE2's: no vertical tab. */
const space = oneOf(isExactly(0x20), between(0x09, 0x0a), between(0x0c, 0x0d));
const anySpace = oneOf(space, isExactly(0x0b));
const printable = between(0x21, 0x7e);

/** `\d`, `\D`, `\w`, `\W`, `\s`, `\S`. */
export const SHORTHANDS: ReadonlyMap<string, CharacterTest> = new Map([
  ['d', digit],
  ['D', not(digit)],
  ['w', isWordCharacter],
  ['W', not(isWordCharacter)],
  ['s', space],
  ['S', not(space)],
]);

/** `[[:name:]]`. */
export const POSIX_CLASSES: ReadonlyMap<string, CharacterTest> = new Map([
  ['alnum', oneOf(letter, digit)],
  ['alpha', letter],
  ['blank', oneOf(isExactly(0x20), isExactly(0x09))],
  ['digit', digit],
  ['lower', lower],
  ['punct', (point) => printable(point) && !letter(point) && !digit(point)],
  ['space', anySpace],
  ['upper', upper],
  ['word', isWordCharacter],
  ['xdigit', oneOf(digit, between(0x41, 0x46), between(0x61, 0x66))],
]);

/** `\p{name}`; undefined for a name that Unicode does not have. One character at a time: constant work. */
export const unicodeClass = (name: string): CharacterTest | undefined => {
  if (!/^[A-Za-z_]{1,30}$/.test(name)) return undefined;
  for (const property of [name, `Script=${name}`]) {
    try {
      const expression = new RegExp(`^\\p{${property}}$`, 'u');
      return taking((point) => expression.test(String.fromCodePoint(point)), UNICODE_COMPARISONS);
    } catch {
      continue;
    }
  }
  return undefined;
};

const pointOf = (text: string): number | undefined => {
  const point = text.codePointAt(0);
  return point !== undefined && String.fromCodePoint(point) === text ? point : undefined;
};

/** Matches when the character matches in upper or in lower case. */
export const ignoringCase = (test: CharacterTest): CharacterTest =>
  taking(
    (point) => {
      if (test(point)) return true;
      const text = String.fromCodePoint(point);
      const folded = [pointOf(text.toLowerCase()), pointOf(text.toUpperCase())];
      return folded.some((other) => other !== undefined && test(other));
    },
    3 * comparisonsOf(test) + CASE_COMPARISONS,
  );

const ASCII_END = 0x80;
const COMPARISONS_PER_STEP = 8;

/** Asks once for each ASCII character, so that a large class costs no more than a small one with ordinary texts. */
const remembering = (test: CharacterTest): CharacterTest => {
  const known = new Int8Array(ASCII_END);
  return (point) => {
    if (point >= ASCII_END) return test(point);
    const answer = known[point] ?? 0;
    if (answer !== 0) return answer > 0;
    const belongs = test(point);
    known[point] = belongs ? 1 : -1;
    return belongs;
  };
};

/** A test as patterns run it. */
export const weighed = (test: CharacterTest): WeighedTest => {
  const count = comparisonsOf(test);
  if (count === 1) return { test, weight: 1 };
  return { test: remembering(test), weight: Math.ceil(count / COMPARISONS_PER_STEP) };
};
