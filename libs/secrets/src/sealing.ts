import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { type SealedValue } from '@millrace/contracts';
import { type KeyRing, type MasterKey } from './master-key.ts';

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const FINGERPRINT_LENGTH = 12;

/** What a sealed value belongs to: moved under another name or into another workspace it cannot be opened. */
export interface SecretPlace {
  readonly workspace: string;
  readonly name: string;
}

/** No part can hold a NUL, so that two places never have the same text. */
const additionalData = ({ workspace, name }: SecretPlace, keyId: string): Buffer =>
  Buffer.from([workspace, name, keyId].join('\0'));

/** Seals a value for one place. @param createdAt RFC 3339 */
export const sealValue = (key: MasterKey, place: SecretPlace, value: string, createdAt: string): SealedValue => {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, key.seal, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(additionalData(place, key.id));
  const sealed = Buffer.concat([cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return { keyId: key.id, iv: iv.toString('base64'), data: sealed.toString('base64'), createdAt };
};

/** The value, or why it cannot be had. */
export type Opened =
  | { readonly outcome: 'opened'; readonly value: string }
  /** Sealed under a key that is not here. */
  | { readonly outcome: 'unknown_key' }
  /** Not what was sealed for this place: changed, cut or moved. */
  | { readonly outcome: 'damaged' };

/** Opens a sealed value. Never throws. */
export const openValue = (ring: KeyRing, place: SecretPlace, sealed: SealedValue): Opened => {
  const key = ring.byId.get(sealed.keyId);
  if (key === undefined) return { outcome: 'unknown_key' };
  try {
    const data = Buffer.from(sealed.data, 'base64');
    const iv = Buffer.from(sealed.iv, 'base64');
    const decipher = createDecipheriv(ALGORITHM, key.seal, iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(additionalData(place, key.id));
    decipher.setAuthTag(data.subarray(-TAG_BYTES));
    const value = Buffer.concat([decipher.update(data.subarray(0, -TAG_BYTES)), decipher.final()]);
    return { outcome: 'opened', value: value.toString('utf8') };
  } catch {
    return { outcome: 'damaged' };
  }
};

/** Tells whether two values of a name are the same, to whoever may list secrets; another master key gives another one. */
export const fingerprintOf = (key: MasterKey, { workspace, name }: SecretPlace, value: string): string =>
  createHmac('sha256', key.fingerprint)
    .update([workspace, name, value].join('\0'))
    .digest('hex')
    .slice(0, FINGERPRINT_LENGTH);
