import { isExactly, not, oneOf, POSIX_CLASSES, range, SHORTHANDS, unicodeClass } from './character-class.ts';
import { type PatternReader } from './pattern-reader.ts';
import { type CharacterTest } from './syntax-tree.ts';

const CONTROLS: ReadonlyMap<string, number> = new Map([
  ['a', 0x07],
  ['f', 0x0c],
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
  ['v', 0x0b],
]);
const POINT_MAX = 0x10_ff_ff;

const codePointIn = (reader: PatternReader, digits: string): number => {
  const point = Number.parseInt(digits, 16);
  return point <= POINT_MAX ? point : reader.fail('there is no such character');
};

const hexEscape = (reader: PatternReader): number | undefined => {
  const hex = reader.takeMatch(/x\{([0-9a-fA-F]{1,6})\}|x([0-9a-fA-F]{2})/y);
  return hex === undefined ? undefined : codePointIn(reader, hex[1] ?? hex[2] ?? '');
};

const unicodeEscape = (reader: PatternReader): CharacterTest | undefined => {
  const property = reader.takeMatch(/([pP])(?:\{(\^?)([^}]*)\}|([A-Z]))/y);
  if (property === undefined) return undefined;
  const [, kind, inverted, name, short] = property;
  const test = unicodeClass(name ?? short ?? '') ?? reader.fail('there is no such Unicode class');
  return (kind === 'P') !== (inverted === '^') ? not(test) : test;
};

const singleEscape = (reader: PatternReader): number | CharacterTest => {
  const character = reader.take();
  const known = SHORTHANDS.get(character) ?? CONTROLS.get(character);
  if (known !== undefined) return known;
  if (/^[0-9]$/.test(character)) return reader.fail('references to groups are not supported');
  if (/^[A-Za-z]?$/.test(character)) return reader.fail(`the escape \\${character} is not supported`);
  return character.codePointAt(0) ?? 0;
};

/** A character or a set of them, behind the backslash. */
export const parseEscape = (reader: PatternReader): number | CharacterTest =>
  hexEscape(reader) ?? unicodeEscape(reader) ?? singleEscape(reader);

const posixClass = (reader: PatternReader): CharacterTest | undefined => {
  const match = reader.takeMatch(/\[:(\^?)([a-z]+):\]/y);
  if (match === undefined) return undefined;
  const test = POSIX_CLASSES.get(match[2] ?? '') ?? reader.fail('there is no such class of characters');
  return match[1] === '^' ? not(test) : test;
};

const classItem = (reader: PatternReader): number | CharacterTest => {
  const posix = posixClass(reader);
  if (posix !== undefined) return posix;
  if (reader.takeIf('\\')) return parseEscape(reader);
  const character = reader.take();
  return character.codePointAt(0) ?? reader.fail('] is missing');
};

const classPart = (reader: PatternReader): CharacterTest => {
  const low = classItem(reader);
  if (typeof low !== 'number') return low;
  if (reader.takeMatch(/-(?!\])/y) === undefined) return isExactly(low);
  const high = classItem(reader);
  if (typeof high !== 'number' || high < low) return reader.fail('the range of characters is upside down');
  return range(low, high);
};

/** `[…]`, behind the opening bracket. */
export const parseClass = (reader: PatternReader): CharacterTest => {
  const inverted = reader.takeIf('^');
  const parts = [classPart(reader)];
  while (!reader.takeIf(']')) parts.push(classPart(reader));
  const test = oneOf(...parts);
  return inverted ? not(test) : test;
};
