const QUOTES = 2;
/** `\u0000`: the most that one UTF-16 unit takes. */
const UNIT_BYTES_MAX = 6;
/** Says that something was cut: what takes secrets out of a text looks there for a part of one. */
const MARK = '…';

/** Size of a JSON value as it stands in an event, in bytes of UTF-8. */
export const writtenBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** The text, or the longest beginning of it and a mark that take at most so many bytes in an event. */
export const cutToWritten = (text: string, bytesMax: number): string => {
  if (text.length * UNIT_BYTES_MAX + QUOTES <= bytesMax || writtenBytes(text) <= bytesMax) return text;
  let left = bytesMax - writtenBytes(MARK);
  let end = 0;
  for (const character of text) {
    left -= writtenBytes(character) - QUOTES;
    if (left < 0) break;
    end += character.length;
  }
  return text.slice(0, end) + MARK;
};
