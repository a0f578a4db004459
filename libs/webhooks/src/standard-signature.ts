import { AppError, SECOND } from '@millrace/kernel';
import { isAnySame } from './constant-time.ts';
import { ED25519_SIGNATURE_BYTES, isSignedBy, publicKeyBytes, signWith } from './ed25519.ts';
import { decode } from './encoding.ts';
import { DIGEST_BYTES, macOf, signatureHeader } from './mac.ts';
import { type Check, type SignInput } from './preset.ts';
import { parseStandardKey, type StandardKey } from './standard-keys.ts';
import { checkWindow, timestampIn } from './timestamp.ts';
import { isRefusal, type Refusal, refuse } from './verdict.ts';

/** Longer lists are malformed. */
const SIGNATURES_MAX = 16;

interface Signatures {
  readonly v1: readonly Uint8Array[];
  readonly v1a: readonly Uint8Array[];
}

/** Reads `v1,<base64> v1a,<base64> …`; versions that we do not know are for others. */
const parseSignatures = (header: string): Signatures | undefined => {
  const parts = header.split(' ').map((part) => part.split(','));
  if (parts.length > SIGNATURES_MAX) return undefined;
  const ofVersion = (version: string, length: number): readonly Uint8Array[] =>
    parts
      .filter((part) => part.length === 2 && part[0] === version)
      .flatMap(([, text = '']) => decode(text, 'base64') ?? [])
      .filter((bytes) => bytes.length === length);
  const signatures = { v1: ofVersion('v1', DIGEST_BYTES.sha256), v1a: ofVersion('v1a', ED25519_SIGNATURE_BYTES) };
  return signatures.v1.length + signatures.v1a.length > 0 ? signatures : undefined;
};

const messageOf = (id: string, timestamp: string, body: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);

/** A `v1` is checked only with symmetric secrets, a `v1a` only with public keys: the header cannot choose. */
const isSignedByAny = (signatures: Signatures, keys: readonly StandardKey[], message: Uint8Array): boolean => {
  const symmetric = keys.filter(({ kind }) => kind === 'symmetric');
  const expected = symmetric.map(({ bytes }) => macOf('sha256', bytes, [message]));
  const publicKeys = keys
    .filter(({ kind }) => kind !== 'symmetric')
    .map(({ kind, bytes }) => (kind === 'private' ? publicKeyBytes(bytes) : bytes));
  return (
    isAnySame(signatures.v1, expected) ||
    publicKeys.some((key) => signatures.v1a.some((signature) => isSignedBy(key, message, signature)))
  );
};

/** Verifies `webhook-signature` over `<webhook-id>.<webhook-timestamp>.<body>`. */
export const verifyStandard = ({ request, secrets, rule, nowMs }: Check): Refusal | undefined => {
  const header = signatureHeader(request, 'webhook-signature');
  if (typeof header !== 'string') return header;
  const id = signatureHeader(request, 'webhook-id');
  if (typeof id !== 'string') return id;
  const timestamp = timestampIn(request, 'webhook-timestamp');
  if (isRefusal(timestamp)) return timestamp;
  const signatures = parseSignatures(header);
  if (signatures === undefined) {
    return refuse('malformed_signature', 'the header webhook-signature has no "v1,<base64>" or "v1a,<base64>"');
  }
  const keys = secrets.flatMap((secret) => parseStandardKey(secret) ?? []);
  if (keys.length === 0) return refuse('no_secret', 'no secret is whsec_<base64> or whpk_<base64>');
  return isSignedByAny(signatures, keys, messageOf(id, timestamp.text, request.body))
    ? checkWindow(timestamp, rule, nowMs)
    : refuse('bad_signature', 'no active secret made one of the signatures');
};

const signatureOf = (secret: string, message: Uint8Array): string => {
  const key = parseStandardKey(secret);
  if (key === undefined || key.kind === 'public') {
    throw new AppError('invalid', 'webhooks.cannot_sign', 'sign with whsec_<base64> (v1) or whsk_<base64> (v1a)');
  }
  return key.kind === 'symmetric'
    ? `v1,${Buffer.from(macOf('sha256', key.bytes, [message])).toString('base64')}`
    : `v1a,${Buffer.from(signWith(key.bytes, message)).toString('base64')}`;
};

/** One signature per secret, newest first. @throws AppError `invalid` for a secret that cannot sign. */
export const signStandard = (input: SignInput): Readonly<Record<string, string>> => {
  const timestamp = String(Math.floor(input.nowMs / SECOND));
  const message = messageOf(input.deliveryId, timestamp, input.body);
  return {
    'webhook-id': input.deliveryId,
    'webhook-timestamp': timestamp,
    'webhook-signature': [input.secret, ...(input.olderSecrets ?? [])]
      .map((secret) => signatureOf(secret, message))
      .join(' '),
  };
};
