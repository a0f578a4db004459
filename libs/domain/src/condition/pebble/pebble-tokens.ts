import { placeOf, syntaxError } from '../condition-error.ts';

export type PebbleToken =
  | { readonly type: 'text'; readonly value: string; readonly at: number }
  | { readonly type: 'number'; readonly value: number; readonly at: number }
  /** A name, a word operator or a sign. */
  | { readonly type: 'word' | 'sign' | 'end'; readonly value: string; readonly at: number };

const TOKEN =
  /\s+|(?<number>\d+(?:\.\d+)?)|(?<text>"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*')|(?<word>[A-Za-z_]\w*)|(?<sign>\?\?\?|\?\?|==|!=|<=|>=|\.\.|[-+*/%<>~|?:.,()[\]{}])/y;

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

const unquoted = (text: string): string =>
  text.slice(1, -1).replaceAll(/\\([^])/g, (_whole, escaped: string) => ESCAPES.get(escaped) ?? escaped);

const tokenOf = (groups: Readonly<Record<string, string | undefined>>, at: number): PebbleToken | undefined => {
  const { number, text, word, sign } = groups;
  if (number !== undefined) return { type: 'number', value: Number(number), at };
  if (text !== undefined) return { type: 'text', value: unquoted(text), at };
  if (word !== undefined) return { type: 'word', value: word, at };
  return sign === undefined ? undefined : { type: 'sign', value: sign, at };
};

export interface PebbleTokens {
  readonly tokens: readonly PebbleToken[];
  /** Behind the closing braces. */
  readonly end: number;
}

const CLOSING = /\s*-?\}\}/y;

/**
 * The tokens of one `{{ … }}`. The end is found here, and not before, as a text may contain `}}`.
 *
 * @param start behind the opening braces.
 */
export const readTokens = (source: string, start: number): PebbleTokens => {
  const tokens: PebbleToken[] = [];
  let at = start;
  while (at < source.length) {
    CLOSING.lastIndex = at;
    const closing = CLOSING.exec(source);
    if (closing !== null) {
      return { tokens: [...tokens, { type: 'end', value: '}}', at }], end: at + closing[0].length };
    }
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(source);
    if (match === null) throw syntaxError('this cannot be read in a template', placeOf(source, at));
    const token = tokenOf(match.groups ?? {}, at);
    if (token !== undefined) tokens.push(token);
    at += match[0].length;
  }
  throw syntaxError('}} is missing', placeOf(source, start));
};
