/** A UUID as four 32-bit words, the first digits first. */
export type UuidWords = Int32Array<ArrayBuffer>;

export const UUID_WORDS = 4;

const CHARS_OF_WORD = 8;
const DIGITS = UUID_WORDS * CHARS_OF_WORD;
const BITS_OF_DIGIT = 4;
const HYPHEN = 45;
const UUID_CHARS = 36;
const HYPHENS: ReadonlySet<number> = new Set([8, 13, 18, 23]);
const NOT_HEX = -1;
const ASCII = 128;

const HEX_VALUES = Int8Array.from({ length: ASCII }, (_, code) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(code)),
);
const HEX_PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Reads a UUID in small letters into `words`; false when the text is none. Called for every event, so it makes no garbage. */
export const parseUuid = (text: string, words: UuidWords): boolean => {
  if (text.length !== UUID_CHARS) return false;
  let digits = 0;
  let word = 0;
  for (let at = 0; at < UUID_CHARS; at += 1) {
    const code = text.charCodeAt(at);
    const value = HEX_VALUES[code] ?? NOT_HEX;
    if (value === NOT_HEX) {
      if (code !== HYPHEN || !HYPHENS.has(at)) return false;
      continue;
    }
    word = (word << BITS_OF_DIGIT) | value;
    digits += 1;
    if (digits % CHARS_OF_WORD === 0 && digits <= DIGITS) words[digits / CHARS_OF_WORD - 1] = word;
  }
  return digits === DIGITS;
};

const hexOf = (word: number): string => {
  const pair = (shift: number): string => HEX_PAIRS[(word >>> shift) & 0xff] ?? '';
  return `${pair(24)}${pair(16)}${pair(8)}${pair(0)}`;
};

export const formatUuid = (a: number, b: number, c: number, d: number): string => {
  const [second, third] = [hexOf(b), hexOf(c)];
  return `${hexOf(a)}-${second.slice(0, 4)}-${second.slice(4)}-${third.slice(0, 4)}-${third.slice(4)}${hexOf(d)}`;
};
