import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

/** What stands before the 32 bytes in the DER form that Node reads (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

export const ED25519_KEY_BYTES = 32;
export const ED25519_SIGNATURE_BYTES = 64;

/** @param raw 32 bytes. */
const publicKey = (raw: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' });

/** @param raw The 32 bytes of the seed, or 64: seed and public key, as libsodium keeps them. */
const privateKey = (raw: Uint8Array): KeyObject =>
  createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, raw.subarray(0, ED25519_KEY_BYTES)]),
    format: 'der',
    type: 'pkcs8',
  });

/** The 32 bytes of the public key that belongs to a private one. */
export const publicKeyBytes = (rawPrivate: Uint8Array): Uint8Array =>
  createPublicKey(privateKey(rawPrivate)).export({ format: 'der', type: 'spki' }).subarray(SPKI_PREFIX.length);

export const isSignedBy = (rawPublic: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
  verify(null, message, publicKey(rawPublic), signature);

export const signWith = (rawPrivate: Uint8Array, message: Uint8Array): Uint8Array =>
  sign(null, message, privateKey(rawPrivate));
