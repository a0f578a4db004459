import { CONDITION_LIMITS } from '../limits.ts';
import { ignoringCase, isExactly, weighed } from './character-class.ts';
import { parseClass, parseEscape } from './parse-class.ts';
import { type PatternReader, readPattern } from './pattern-reader.ts';
import { type Assertion, type CharacterTest, type PatternNode } from './syntax-tree.ts';

interface Flags {
  readonly ignoreCase: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
}

interface Group {
  readonly reader: PatternReader;
  readonly depth: number;
  flags: Flags;
}

const NEWLINE = 0x0a;
const REPEAT_MAX = 1_000;

const EDGES: ReadonlyMap<string, Assertion> = new Map([
  ['A', 'text-start'],
  ['z', 'text-end'],
  ['b', 'word'],
  ['B', 'not-word'],
]);

const character = (test: CharacterTest, { ignoreCase }: Flags): PatternNode => ({
  type: 'character',
  ...weighed(ignoreCase ? ignoringCase(test) : test),
});

const assertion = (name: Assertion): PatternNode => ({ type: 'assertion', assertion: name });

const withFlags = (flags: Flags, [, on = '', off = '']: readonly (string | undefined)[]): Flags => {
  const value = (letter: string, now: boolean) => (now || on.includes(letter)) && !off.includes(letter);
  return {
    ignoreCase: value('i', flags.ignoreCase),
    multiline: value('m', flags.multiline),
    dotAll: value('s', flags.dotAll),
  };
};

const closed = (group: Group, flags: Flags): PatternNode => {
  const { reader } = group;
  if (group.depth >= CONDITION_LIMITS.depthMax) reader.fail('groups are nested too deeply');
  const inside = parseChoice({ reader, depth: group.depth + 1, flags });
  return reader.takeIf(')') ? inside : reader.fail(') is missing');
};

/** Behind the opening parenthesis. */
const parseGroup = (group: Group): PatternNode => {
  const { reader } = group;
  const flagged = reader.takeMatch(/\?([ims]*)(?:-([ims]+))?([:)])/y);
  if (flagged !== undefined) {
    const flags = withFlags(group.flags, flagged);
    if (flagged[3] === ':') return closed(group, flags);
    group.flags = flags;
    return { type: 'sequence', parts: [] };
  }
  if (reader.takeMatch(/\?P?<[A-Za-z_]\w*>/y) === undefined && reader.peek() === '?') {
    return reader.fail(
      'this kind of group is not supported: look-ahead and look-behind cannot be matched in linear time',
    );
  }
  return closed(group, group.flags);
};

const parseBackslash = ({ reader, flags }: Group): PatternNode => {
  const edge = EDGES.get(reader.peek());
  if (edge !== undefined) {
    reader.take();
    return assertion(edge);
  }
  const escape = parseEscape(reader);
  return character(typeof escape === 'number' ? isExactly(escape) : escape, flags);
};

const anyCharacter = ({ dotAll }: Flags): CharacterTest => (dotAll ? () => true : (point) => point !== NEWLINE);

const ATOMS: ReadonlyMap<string, (group: Group) => PatternNode> = new Map([
  ['(', (group: Group) => parseGroup(group)],
  ['[', ({ reader, flags }: Group) => character(parseClass(reader), flags)],
  ['\\', (group: Group) => parseBackslash(group)],
  ['.', ({ flags }: Group) => character(anyCharacter(flags), flags)],
  ['^', ({ flags }: Group) => assertion(flags.multiline ? 'line-start' : 'text-start')],
  ['$', ({ flags }: Group) => assertion(flags.multiline ? 'line-end' : 'text-end')],
]);

const parseAtom = (group: Group): PatternNode => {
  const { reader, flags } = group;
  const taken = reader.take();
  if ('*+?'.includes(taken)) return reader.fail(`there is nothing to repeat before ${taken}`);
  return ATOMS.get(taken)?.(group) ?? character(isExactly(taken.codePointAt(0) ?? 0), flags);
};

interface Counts {
  readonly min: number;
  readonly max: number | undefined;
}

const SIGNED_COUNTS: ReadonlyMap<string, Counts> = new Map([
  ['*', { min: 0, max: undefined }],
  ['+', { min: 1, max: undefined }],
  ['?', { min: 0, max: 1 }],
]);

const writtenCounts = (reader: PatternReader): Counts | undefined => {
  const counted = reader.takeMatch(/\{(\d{1,5})(?:(,)(\d{0,5}))?\}/y);
  if (counted === undefined) return undefined;
  const min = Number(counted[1]);
  const last = counted[2] === undefined ? counted[1] : counted[3];
  const max = last === '' ? undefined : Number(last);
  if (Math.max(min, max ?? 0) > REPEAT_MAX) return reader.fail(`more than ${REPEAT_MAX} repetitions`);
  if (max !== undefined && max < min) return reader.fail('the counts of a repetition are upside down');
  return { min, max };
};

const countsIn = (reader: PatternReader): Counts | undefined => {
  const sign = reader.takeMatch(/[*+?]/y)?.[0];
  return sign === undefined ? writtenCounts(reader) : SIGNED_COUNTS.get(sign);
};

const parseRepeated = (group: Group): PatternNode => {
  const { reader } = group;
  const part = parseAtom(group);
  const counts = countsIn(reader);
  if (counts === undefined) return part;
  // Lazy or greedy is the same for the question whether a text matches.
  reader.takeIf('?');
  if (reader.takeMatch(/[*+?]|\{\d+,?\d*\}/y) !== undefined) return reader.fail('a repetition is repeated');
  return { type: 'repeat', part, ...counts };
};

const parseSequence = (group: Group): PatternNode => {
  const parts: PatternNode[] = [];
  while (!group.reader.done && !'|)'.includes(group.reader.peek())) parts.push(parseRepeated(group));
  return { type: 'sequence', parts };
};

const parseChoice = (group: Group): PatternNode => {
  const options = [parseSequence(group)];
  while (group.reader.takeIf('|')) options.push(parseSequence(group));
  return options.length === 1 && options[0] !== undefined ? options[0] : { type: 'choice', options };
};

/**
 * The syntax of RE2, without what needs a stack: no references to groups, no look-around.
 *
 * @throws AppError `invalid` `condition.syntax` that names what is not supported.
 */
export const parsePattern = (source: string): PatternNode => {
  const reader = readPattern(source);
  if (source.length > CONDITION_LIMITS.patternLengthMax) {
    reader.fail(`longer than ${CONDITION_LIMITS.patternLengthMax} characters`);
  }
  const tree = parseChoice({ reader, depth: 0, flags: { ignoreCase: false, multiline: false, dotAll: false } });
  return reader.done ? tree : reader.fail('there is a ) without a (');
};
