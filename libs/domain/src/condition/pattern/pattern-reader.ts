import { syntaxError } from '../condition-error.ts';

/** A cursor over the characters of a pattern. */
export interface PatternReader {
  readonly done: boolean;
  /** The next character without taking it; empty at the end. */
  peek(): string;
  take(): string;
  /** Takes `text` when it stands here. */
  takeIf(text: string): boolean;
  /** Takes what `expression`, sticky, matches here. */
  takeMatch(expression: RegExp): RegExpExecArray | undefined;
  fail(message: string): never;
}

export const readPattern = (source: string): PatternReader => {
  let at = 0;
  const peek = (): string => {
    const point = source.codePointAt(at);
    return point === undefined ? '' : String.fromCodePoint(point);
  };
  return {
    get done() {
      return at >= source.length;
    },
    peek,
    take() {
      const character = peek();
      at += character.length;
      return character;
    },
    takeIf(text) {
      const here = source.startsWith(text, at);
      if (here) at += text.length;
      return here;
    },
    takeMatch(expression) {
      expression.lastIndex = at;
      const match = expression.exec(source) ?? undefined;
      if (match !== undefined) at += match[0].length;
      return match;
    },
    fail(message) {
      throw syntaxError(`regular expression, character ${at + 1}: ${message}`);
    },
  };
};
