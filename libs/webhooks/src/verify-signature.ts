import { createHash } from 'node:crypto';
import { type ChallengeAnswer, type ChallengeProof } from './preset.ts';
import { asRule, findPreset, type PresetName, type SignatureRule } from './registry.ts';
import { type SignedRequest } from './request.ts';
import { refuse, type Verdict } from './verdict.ts';

/** An empty secret is none: a signature made with it proves nothing. */
const usableSecrets = (secrets: readonly string[]): readonly string[] =>
  secrets.filter((secret) => typeof secret === 'string' && secret.trim() !== '');

/**
 * Runs code that reads hostile input. What it throws, against all care, must neither become a 500, which makes senders
 * try again for days, nor be taken for a good signature.
 */
const guarded = <Result>(read: () => Result, otherwise: Result): Result => {
  try {
    return read();
  } catch {
    return otherwise;
  }
};

/**
 * Whether the sender of this request knows one of the secrets, judged by the raw bytes. Several secrets are active while
 * one replaces another. Compares in constant time; never throws.
 *
 * @param nowMs Milliseconds since the epoch.
 */
export const verifySignature = (
  rule: SignatureRule,
  request: SignedRequest,
  secrets: readonly string[],
  nowMs: number,
): Verdict => {
  const preset = findPreset(rule.preset);
  if (preset === undefined) return refuse('no_secret', `there is no preset ${rule.preset}`);
  const usable = usableSecrets(secrets);
  if (usable.length === 0) return refuse('no_secret', 'no secret is active, or all are empty');
  const unreadable = refuse('malformed_signature', 'the signature cannot be read');
  const refusal = guarded(() => preset.verify({ rule, request, secrets: usable, nowMs }), unreadable);
  return refusal ?? { ok: true, deliveryId: deliveryIdOf(rule, request) };
};

/** By which the sender names this delivery. Call it after the signature was verified: it may parse the body. Never throws. */
export const deliveryIdOf = (rule: PresetName | SignatureRule, request: SignedRequest): string | undefined => {
  const named = asRule(rule);
  return guarded(() => findPreset(named.preset)?.deliveryId(request, named), undefined);
};

/**
 * Whether the signature covers the delivery id. Where not, who replays a delivery can give it another id: recognise
 * replays by `deliveryDigest`.
 */
export const isDeliveryIdSigned = (rule: PresetName | SignatureRule): boolean => {
  const named = asRule(rule);
  const isSigned = findPreset(named.preset)?.deliveryIdIsSigned ?? false;
  return typeof isSigned === 'function' ? isSigned(named) : isSigned;
};

/**
 * SHA-256 of what was signed, without its time, 64 hex digits: names a delivery whose sender does not. Nobody without the secret can
 * change it. Call it after the signature was verified: it may parse the body. Never throws.
 */
export const deliveryDigest = (rule: PresetName | SignatureRule, request: SignedRequest): string => {
  const named = asRule(rule);
  const content = guarded(() => findPreset(named.preset)?.signedContent?.(request, named), undefined);
  const hash = createHash('sha256');
  // The pieces run together as they do where they are signed: what has the same signature is the same delivery.
  for (const piece of content ?? [request.body]) hash.update(piece);
  return hash.digest('hex');
};

/**
 * The answer to a question by which senders check that an address is meant for them; nothing when this request is none.
 * With `needsSignature`, send it only when `verifySignature` said yes. Never throws.
 */
export const challengeAnswer = (
  preset: PresetName,
  request: SignedRequest,
  secrets: readonly string[],
): ChallengeAnswer | undefined => {
  const challenge = findPreset(preset)?.challenge;
  const answer = guarded(() => challenge?.answer(request, usableSecrets(secrets)), undefined);
  return answer && { ...answer, needsSignature: challenge?.proof === 'signature' };
};

/** What shows that challenges of this preset come from the sender; nothing where there are none. */
export const challengeProof = (preset: PresetName): ChallengeProof | undefined => findPreset(preset)?.challenge?.proof;
