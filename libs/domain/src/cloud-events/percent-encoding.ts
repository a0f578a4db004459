import { utf8Text } from './utf8.ts';

/**
 * Of the HTTP binding, section 3.1.3.2: `%` and two hexadecimal digits are a byte of UTF-8; a `%` without them stands for itself,
 * and bytes that are no UTF-8 stay as they are written. A value in quotes is unquoted first, for the sake of older senders.
 *
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
 */
export const decodeHeader = (value: string): string => {
  const quoted = /^"((?:[^"\\]|\\.)*)"$/.exec(value)?.[1];
  const text = quoted === undefined ? value : quoted.replaceAll(/\\(.)/g, '$1');
  return text.replaceAll(/(?:%[0-9a-fA-F]{2})+/g, (run) => {
    const bytes = run
      .split('%')
      .slice(1)
      .map((digits) => Number.parseInt(digits, 16));
    return utf8Text(Uint8Array.from(bytes)) ?? run;
  });
};

const MUST_BE_ENCODED = /[^\u0021-\u007e]|["%]/u;

const encodeCharacter = (character: string): string => {
  if (!MUST_BE_ENCODED.test(character)) return character;
  const point = character.codePointAt(0) ?? 0;
  if (point <= 0x7f) return `%${point.toString(16).toUpperCase().padStart(2, '0')}`;
  // A half of a surrogate pair is no character.
  return point >= 0xd8_00 && point <= 0xdf_ff ? '%EF%BF%BD' : encodeURIComponent(character);
};

/** Section 3.1.3.2 again: blank, `"`, `%` and everything outside of printable ASCII. */
export const encodeHeader = (value: string | number | boolean): string =>
  Array.from(String(value), encodeCharacter).join('');
