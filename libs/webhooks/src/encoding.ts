/** How the bytes of a signature are written. */
export type Encoding = 'hex' | 'base64' | 'base64url';

const HEX = /^(?:[0-9a-f]{2})+$/i;

/**
 * The bytes of a text that is exactly so encoded, or nothing. Node's own decoders skip what they do not know:
 * here one wrong character makes the whole text malformed. The padding of base64 may be left out.
 */
export const decode = (text: string, encoding: Encoding): Uint8Array | undefined => {
  if (encoding === 'hex') return HEX.test(text) ? Buffer.from(text, 'hex') : undefined;
  const unpadded = text.replace(/={1,2}$/, '');
  const bytes = Buffer.from(unpadded, encoding);
  return bytes.length > 0 && bytes.toString(encoding).replace(/=+$/, '') === unpadded ? bytes : undefined;
};
