import { readFileSync } from 'node:fs';
import { messageOf } from '@millrace/kernel';
import { CommandError, EXIT } from './exit-codes.ts';

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const parseObject = (json: string, where: string): Record<string, unknown> => {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new CommandError(EXIT.usage, `${where} is no JSON: ${messageOf(error)}`);
  }
  if (!isRecord(value)) throw new CommandError(EXIT.usage, `${where} must be a JSON object`);
  return value;
};

/** A value that is JSON (`3`, `true`, `[1]`, `"3"`) is that, every other one is a text. */
const valueOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

const splitPair = (pair: string, flag: string): readonly [string, string] => {
  const equals = pair.indexOf('=');
  if (equals > 0) return [pair.slice(0, equals), pair.slice(equals + 1)];
  throw new CommandError(EXIT.usage, `${flag} ${pair}: write it like ${flag} name=value`);
};

const readInput = (file: string): string => {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new CommandError(EXIT.usage, `-d @${file} cannot be read: ${messageOf(error)}`);
  }
};

/** The input of a run from `-d name=value`, `-d '{json}'`, `-d @file` and `-d @-`, later ones over earlier ones. */
export const parseData = (items: readonly string[]): Record<string, unknown> => {
  const parts = items.map((item) => {
    if (item.startsWith('@')) return parseObject(readInput(item.slice(1)), item === '@-' ? 'stdin' : item.slice(1));
    if (item.trimStart().startsWith('{')) return parseObject(item, '-d');
    const [name, value] = splitPair(item, '-d');
    return { [name]: valueOf(value) };
  });
  return Object.assign({}, ...parts) as Record<string, unknown>;
};

/** The environment of a run from `--env NAME=value`. */
export const parseEnvironment = (items: readonly string[]): Record<string, string> =>
  Object.fromEntries(items.map((item) => splitPair(item, '--env')));
