/**
 * What is compared of pasted output: every line, word for word, with what differs from run to run masked: ids, tokens, hashes, times,
 * durations, ports, numbers of four and more digits (pids, positions, bytes). Smaller numbers count: statuses, exit codes, counts, percents.
 * Runs of blanks are one blank, trailing blanks none. A line of only `…` stands for any number of lines, `…` within a line for any text.
 */

const MASKS: readonly (readonly [RegExp, string])[] = [
  [/\u001b\[[0-9;]*m/g, ''],
  [/\r/g, ''],
  [/mr_[0-9a-z]+_[0-9A-Za-z_-]+/g, '<token>'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<uuid>'],
  [/\b\d{8}T\d{6}Z\b/g, '<time>'],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?/g, '<time>'],
  [/\b\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/g, '<time>'],
  [/\b[0-9a-f]{8,}\b/g, '<hex>'],
  [/\b(ex|gw)_[0-9A-Za-z]+/g, '$1_<id>'],
  [/127\.0\.0\.1:\d+/g, '<address>'],
  [/\b\d+(?:\.\d+)? (?:ms|s|min|h|GiB)\b/g, '<amount>'],
  [/\b\d+\.\d+-\d+-\d+\b/g, '<cursor>'],
  [/\b\d{4,}\b/g, '<number>'],
  [/[ \t]+/g, ' '],
];

const mask = (line: string): string =>
  MASKS.reduce((text, [pattern, instead]) => text.replaceAll(pattern, instead), line).trimEnd();

/** Lines without the empty ones at both ends. */
const linesOf = (text: string): readonly string[] =>
  text
    .replace(/^\n+|\n+$/g, '')
    .split('\n')
    .map(mask);

const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

const patternOf = (lines: readonly string[]): RegExp =>
  new RegExp(
    `^${lines.map((line) => (line.trim() === '…' ? '(?:.*\\n)*?' : `${line.split('…').map(escape).join('.*')}\\n`)).join('')}$`,
  );

/** Whether a program printed what a page shows. */
export const isLike = (shown: string, printed: string): boolean =>
  patternOf(linesOf(shown)).test(`${linesOf(printed).join('\n')}\n`);

/** For the message of a failure: what was compared. */
export const masked = (text: string): string => linesOf(text).join('\n');
