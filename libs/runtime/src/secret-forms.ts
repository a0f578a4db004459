/** Shorter values are not looked for: they stand in ordinary words. In UTF-16 units. */
export const REDACTED_LENGTH_MIN = 4;
/** A piece of a value (a line, the inside of a base64 text) is looked for from this length on. */
const PIECE_LENGTH_MIN = 8;

const BITS_PER_CHARACTER = 6;

const urlSafe = (base64: string): string => base64.replaceAll('+', '-').replaceAll('/', '_');

/**
 * The characters that base64 has for these bytes wherever they stand in a longer text, as in `Basic <user:password>`: one text
 * for each of the three ways in which they can fall into groups of three.
 */
const innerBase64 = (bytes: Buffer): readonly string[] =>
  [0, 1, 2].map((before) => {
    const padded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const start = Math.ceil((before * 8) / BITS_PER_CHARACTER);
    return padded.slice(start, Math.floor(((before + bytes.length) * 8) / BITS_PER_CHARACTER));
  });

const base64Forms = (value: string): readonly string[] => {
  const bytes = Buffer.from(value);
  const whole = bytes.toString('base64');
  const inner = innerBase64(bytes).filter((text) => text.length >= PIECE_LENGTH_MIN);
  return [whole, whole.replace(/=+$/, ''), ...inner].flatMap((text) => [text, urlSafe(text)]);
};

const urlForms = (value: string): readonly string[] => {
  const encoded = encodeURIComponent(value.toWellFormed());
  const form = new URLSearchParams({ v: value }).toString().slice('v='.length);
  const lowerCase = (text: string): string => text.replace(/%[0-9A-F]{2}/g, (escaped) => escaped.toLowerCase());
  return [encoded, form].flatMap((text) => [text, lowerCase(text)]);
};

const lineForms = (value: string): readonly string[] =>
  value
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line.length >= PIECE_LENGTH_MIN);

/**
 * Texts under which a value shows itself, the longest first: as it is, in JSON, in URLs and forms, in base64 (also in the middle
 * of a longer base64 text), and each line of it. None for a value that is shorter than {@link REDACTED_LENGTH_MIN}.
 */
export const secretForms = (value: string): readonly string[] => {
  if (value.length < REDACTED_LENGTH_MIN) return [];
  const json = JSON.stringify(value).slice(1, -1);
  return [...new Set([value, json, ...urlForms(value), ...base64Forms(value), ...lineForms(value)])].sort(
    (a, b) => b.length - a.length,
  );
};
