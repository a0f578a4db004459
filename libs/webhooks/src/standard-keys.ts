import { decode } from './encoding.ts';
import { ED25519_KEY_BYTES, publicKeyBytes } from './ed25519.ts';

export const SYMMETRIC_PREFIX = 'whsec_';
export const PRIVATE_PREFIX = 'whsk_';
export const PUBLIC_PREFIX = 'whpk_';

/** A secret of Standard Webhooks, decoded. Its kind alone decides which signatures it can make or check. */
export type StandardKey =
  | { readonly kind: 'symmetric'; readonly bytes: Uint8Array }
  | { readonly kind: 'private'; readonly bytes: Uint8Array }
  | { readonly kind: 'public'; readonly bytes: Uint8Array };

const withLength = (bytes: Uint8Array | undefined, lengths: readonly number[]): Uint8Array | undefined =>
  bytes !== undefined && lengths.includes(bytes.length) ? bytes : undefined;

/** Reads `whsec_…`, `whsk_…`, `whpk_…`, or base64 alone: then a symmetric secret. Nothing when it cannot be one. */
export const parseStandardKey = (secret: string): StandardKey | undefined => {
  const [prefix, encoded] = [PRIVATE_PREFIX, PUBLIC_PREFIX, SYMMETRIC_PREFIX]
    .filter((one) => secret.startsWith(one))
    .map((one) => [one, secret.slice(one.length)] as const)[0] ?? [SYMMETRIC_PREFIX, secret];
  const bytes = decode(encoded, 'base64');
  if (prefix === PRIVATE_PREFIX) {
    const seed = withLength(bytes, [ED25519_KEY_BYTES, 2 * ED25519_KEY_BYTES]);
    return seed && { kind: 'private', bytes: seed };
  }
  if (prefix === PUBLIC_PREFIX) {
    const key = withLength(bytes, [ED25519_KEY_BYTES]);
    return key && { kind: 'public', bytes: key };
  }
  return bytes && { kind: 'symmetric', bytes };
};

/** The public key (`whpk_…`) that receivers need for what a private key (`whsk_…`) signs; nothing when it is no private key. */
export const publicKeyOf = (privateKey: string): string | undefined => {
  const key = parseStandardKey(privateKey);
  return key?.kind === 'private'
    ? PUBLIC_PREFIX + Buffer.from(publicKeyBytes(key.bytes)).toString('base64')
    : undefined;
};
