import { createHmac } from 'node:crypto';
import { isAnySame } from './constant-time.ts';
import { decode, type Encoding } from './encoding.ts';
import { type Check } from './preset.ts';
import { headerOf, type SignedRequest } from './request.ts';
import { type Algorithm } from './rule.ts';
import { checkWindow, parseSeconds, type Timestamp } from './timestamp.ts';
import { isRefusal, type Refusal, refuse } from './verdict.ts';

/** What is signed, in pieces: texts and raw bytes. */
export type Message = readonly (string | Uint8Array)[];

/** What a request says about itself. */
export interface MacClaim {
  /** Several while the sender rotates its secret. */
  readonly signatures: readonly Uint8Array[];
  readonly timestamp?: Timestamp;
}

/** How a sender signs with a secret that both sides know. */
export interface MacScheme {
  readonly algorithm: Algorithm;
  readonly read: (request: SignedRequest) => MacClaim | Refusal;
  /** What may have been signed; nearly always exactly one message. */
  readonly messages: (request: SignedRequest, timestamp: string) => readonly Message[];
}

export const DIGEST_BYTES: Readonly<Record<Algorithm, number>> = { sha1: 20, sha256: 32, sha512: 64 };

const isDigest = (bytes: Uint8Array): boolean => bytes.length === DIGEST_BYTES.sha256;

/** Reads at most this many signatures of one header: each is compared with each secret. */
const SIGNATURES_MAX = 16;

export const macOf = (algorithm: Algorithm, key: string | Uint8Array, message: Message): Uint8Array => {
  const mac = createHmac(algorithm, key);
  for (const piece of message) mac.update(piece);
  return mac.digest();
};

export const hexMac = (secret: string, message: Message, algorithm: Algorithm = 'sha256'): string =>
  Buffer.from(macOf(algorithm, secret, message)).toString('hex');

/** The value of the header with the signature. */
export const signatureHeader = (request: SignedRequest, name: string): string | Refusal => {
  const value = headerOf(request, name);
  if (typeof value === 'string') return value;
  return value.problem === 'absent'
    ? refuse('missing_signature', `the header ${name} is missing`)
    : refuse('malformed_signature', `the header ${name} was sent more than once or is too long`);
};

export interface SignaturePlace {
  readonly header: string;
  readonly prefix: string;
  readonly encoding: Encoding;
  readonly algorithm: Algorithm;
}

/** Reads the one signature of a header: a prefix, then exactly the bytes of the digest. */
export const singleSignature = (request: SignedRequest, place: SignaturePlace): MacClaim | Refusal => {
  const { header, prefix, encoding, algorithm } = place;
  const value = signatureHeader(request, header);
  if (typeof value !== 'string') return value;
  const bytes = value.startsWith(prefix) ? decode(value.slice(prefix.length), encoding) : undefined;
  return bytes?.length === DIGEST_BYTES[algorithm]
    ? { signatures: [bytes] }
    : refuse('malformed_signature', `the header ${header} is not "${prefix}" and ${algorithm} as ${encoding}`);
};

/** The part of a header like `t=1492774577,v1=5257…,v1=6ffb…` that has the time, and the parts with signatures. */
export interface TimedHeader {
  readonly header: string;
  /** Name of the members with signatures; other members but `t` are ignored. */
  readonly member: string;
}

/** Reads exactly one time in seconds, and one or more SHA-256 as hex. */
export const timedSignatures = (request: SignedRequest, { header, member }: TimedHeader): MacClaim | Refusal => {
  const value = signatureHeader(request, header);
  if (typeof value !== 'string') return value;
  const pairs = value.split(',').map((pair) => pair.trim().split('=', 2));
  const valuesOf = (name: string): readonly string[] =>
    pairs.filter(([key]) => key === name).map(([, text = '']) => text);
  const [time, ...furtherTimes] = valuesOf('t');
  if (time === undefined) return refuse('missing_timestamp', `the header ${header} has no t=`);
  const timestamp = furtherTimes.length === 0 ? parseSeconds(time) : undefined;
  if (timestamp === undefined) return refuse('malformed_signature', `the header ${header} has not one time`);
  const signatures = valuesOf(member);
  if (signatures.length === 0) return refuse('missing_signature', `the header ${header} has no ${member}=`);
  const digests = signatures.flatMap((text) => decode(text, 'hex') ?? []).filter(isDigest);
  return digests.length === signatures.length && digests.length <= SIGNATURES_MAX
    ? { timestamp, signatures: digests }
    : refuse('malformed_signature', `the header ${header} has a ${member}= that is not SHA-256 as hex`);
};

/** Verifies on the raw bytes: first the signature, then its time, so that `stale_timestamp` means a real signature. */
export const verifyMac = (scheme: MacScheme, { request, secrets, rule, nowMs }: Check): Refusal | undefined => {
  const claim = scheme.read(request);
  if (isRefusal(claim)) return claim;
  const messages = scheme.messages(request, claim.timestamp?.text ?? '');
  const expected = secrets.flatMap((secret) => messages.map((message) => macOf(scheme.algorithm, secret, message)));
  if (!isAnySame(claim.signatures, expected)) {
    return refuse('bad_signature', 'the signature was made with another secret, or of another body');
  }
  return claim.timestamp === undefined ? undefined : checkWindow(claim.timestamp, rule, nowMs);
};
