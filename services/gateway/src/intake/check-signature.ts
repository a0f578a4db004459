import { AppError } from '@millrace/kernel';
import { type TriggerSignature } from '@millrace/contracts';
import { type Challenge, type SignatureScheme, type SignedDelivery, verifyDelivery } from '@millrace/domain';
import { type Answer, type InboundRequest } from '@millrace/dialects';
import {
  challengeAnswer,
  challengeProof,
  deliveryDigest,
  isDeliveryIdSigned,
  isPresetName,
  type PresetName,
  type SignedRequest,
  verifySignature,
} from '@millrace/webhooks';

export interface VerifyDeps {
  /** All active values of a secret, newest first. */
  readonly secretValues: (name: string) => readonly string[];
  /** Origin under which senders know this server: `https://hooks.example.com`. */
  readonly publicUrl: string | undefined;
}

/** What is known of a request's sender. */
export interface VerifiedDelivery {
  /** `token`, `signature:github`; of a challenge that nobody signs: `verify_token` or `none`. */
  readonly verified: string;
  /** Name of the secret that the signature was made with. */
  readonly sender?: string;
  /** The sender's own id of the delivery. */
  readonly delivery: string | undefined;
  /** Equal for the same delivery sent again; absent where repeats are meant to run again. */
  readonly deliveryKey?: string;
  /** The sender asks whether this address is meant for it: answer this, and start nothing. */
  readonly challenge?: Answer;
}

/** A request, and what its trigger makes of the address. */
export interface Arrival {
  readonly inbound: InboundRequest;
  readonly pathParams: NonNullable<SignedDelivery['pathParams']>;
}

/** Of a challenge by somebody who does not know the verify token. */
const CHALLENGE_REFUSED = 403;

const signedRequest = (request: InboundRequest, { publicUrl }: VerifyDeps): SignedRequest => ({
  method: request.method,
  url: `${publicUrl ?? `http://${request.header('host') ?? 'localhost'}`}${request.path}${request.search === '' ? '' : `?${request.search}`}`,
  headers: Object.fromEntries(
    request.headerPairs().map(([name]) => [name.toLowerCase(), request.header(name.toLowerCase())]),
  ),
  body: request.body,
});

const refused = (reason: string, detail: string): AppError =>
  new AppError('unauthenticated', 'signature.refused', `the signature was not accepted: ${detail}`, {
    details: { reason },
  });

const presetOf = ({ preset }: TriggerSignature): PresetName => {
  if (!isPresetName(preset)) throw new AppError('bug', 'gateway.unknown_preset', `there is no preset ${preset}`);
  return preset;
};

const schemeOf = (preset: PresetName): SignatureScheme<SignedRequest> => ({
  verify: (rule, request, secrets, nowMs) => verifySignature({ ...rule, preset }, request, secrets, nowMs),
  challenge: (request, secrets) => challengeAnswer(preset, request, secrets),
  signsDeliveryId: (rule) => isDeliveryIdSigned({ ...rule, preset }),
  digest: (rule, request) => deliveryDigest({ ...rule, preset }, request),
  signsChallenges: challengeProof(preset) === 'signature',
});

const answerOf = ({ status, contentType, body }: Challenge): Answer => ({
  status,
  headers: { 'content-type': contentType },
  body,
});

/** The secret that a good signature was made with: several senders may call one trigger, each with a secret of its own. */
const senderOf = (
  { secrets: [first, ...others] }: TriggerSignature,
  isMadeWith: (name: string) => boolean,
): string | undefined => (others.length === 0 ? first : ([first ?? '', ...others].find(isMadeWith) ?? first));

/** What showed that a challenge which nobody signs comes from the sender. */
const proofOf = (preset: PresetName, { status }: Challenge): string =>
  status === CHALLENGE_REFUSED ? 'none' : (challengeProof(preset) ?? 'none');

/**
 * Checks who sent a request, on the bytes as they came. Nothing is parsed before: a challenge that its sender signs is one only once
 * the signature was good.
 *
 * @throws AppError `unauthenticated` `signature.refused` with `details.reason`.
 */
export const checkSignature = (
  signature: TriggerSignature,
  { inbound, pathParams }: Arrival,
  nowMs: number,
  deps: VerifyDeps,
): VerifiedDelivery => {
  const preset = presetOf(signature);
  const scheme = schemeOf(preset);
  const request = signedRequest(inbound, deps);
  const secrets = signature.secrets.flatMap(deps.secretValues);
  const verdict = verifyDelivery(signature, { ...request, pathParams }, { secrets, nowMs }, scheme);
  if (!verdict.ok) throw refused(verdict.reason, verdict.detail);
  const { verified, delivery, deliveryKey, challenge } = verdict;
  if (verified === 'none' && challenge !== undefined) {
    return { verified: proofOf(preset, challenge), delivery: undefined, challenge: answerOf(challenge) };
  }
  const isMadeWith = (name: string): boolean =>
    scheme.verify(signature.rule, request, deps.secretValues(name), nowMs).ok;
  const sender = senderOf(signature, isMadeWith);
  return {
    verified,
    delivery,
    ...(deliveryKey === undefined ? {} : { deliveryKey }),
    ...(sender === undefined ? {} : { sender }),
    ...(challenge === undefined ? {} : { challenge: answerOf(challenge) }),
  };
};
