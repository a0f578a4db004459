const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const CODES: ReadonlyMap<string, number> = new Map(Array.from(ALPHABET, (letter, code) => [letter, code]));
const BITS = 6;
const WELL_FORMED = /^[A-Za-z0-9+/]*={0,2}$/;

/** RFC 4648 section 4, with padding. Undefined for anything else. */
export const fromBase64 = (text: string): Uint8Array | undefined => {
  if (text.length % 4 !== 0 || !WELL_FORMED.test(text)) return undefined;
  const letters = text.replace(/=+$/, '');
  const bytes = new Uint8Array(Math.floor((letters.length * BITS) / 8));
  let window = 0;
  let bits = 0;
  let at = 0;
  for (const letter of letters) {
    window = ((window << BITS) | (CODES.get(letter) ?? 0)) & 0xff_ff;
    bits += BITS;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at] = (window >> bits) & 0xff;
    at += 1;
  }
  return bytes;
};

const group = (bytes: Uint8Array, at: number): string => {
  const [first = 0, second = 0, third = 0] = bytes.subarray(at, at + 3);
  const window = (first << 16) | (second << 8) | third;
  const letters = [18, 12, 6, 0].map((shift) => ALPHABET[(window >> shift) & 0x3f] ?? '').join('');
  const given = Math.min(3, bytes.length - at);
  return letters.slice(0, given + 1).padEnd(4, '=');
};

export const toBase64 = (bytes: Uint8Array): string => {
  const groups: string[] = [];
  for (let at = 0; at < bytes.length; at += 3) groups.push(group(bytes, at));
  return groups.join('');
};
