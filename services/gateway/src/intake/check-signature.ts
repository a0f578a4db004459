import { AppError } from '@millrace/kernel';
import { type TriggerSignature } from '@millrace/contracts';
import { type Challenge, type SignatureScheme, verifyDelivery } from '@millrace/domain';
import { type Answer, type InboundRequest } from '@millrace/dialects';
import {
  bodyDigest,
  challengeAnswer,
  isDeliveryIdSigned,
  isPresetName,
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
  /** `token`, `signature:github`. */
  readonly verified: string;
  /** The sender's own id of the delivery. */
  readonly delivery: string | undefined;
  /** Equal for the same delivery sent again; absent where repeats are meant to run again. */
  readonly deliveryKey?: string;
  /** The sender asks whether this address is meant for it: answer this, and start nothing. */
  readonly challenge?: Answer;
}

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

const schemeOf = (preset: string): SignatureScheme<SignedRequest> => {
  if (!isPresetName(preset)) throw new AppError('bug', 'gateway.unknown_preset', `there is no preset ${preset}`);
  return {
    verify: (rule, request, secrets, nowMs) => verifySignature({ ...rule, preset }, request, secrets, nowMs),
    challenge: (request, secrets) => challengeAnswer(preset, request, secrets),
    signsDeliveryId: isDeliveryIdSigned(preset),
    digest: bodyDigest,
  };
};

const answerOf = ({ status, contentType, body }: Challenge): Answer => ({
  status,
  headers: { 'content-type': contentType },
  body,
});

/**
 * Checks who sent a request, on the bytes as they came. Nothing is parsed before.
 *
 * @throws AppError `unauthenticated` `signature.refused` with `details.reason`.
 */
export const checkSignature = (
  signature: TriggerSignature,
  inbound: InboundRequest,
  nowMs: number,
  deps: VerifyDeps,
): VerifiedDelivery => {
  const secrets = signature.secrets.flatMap(deps.secretValues);
  const scheme = schemeOf(signature.preset);
  const verdict = verifyDelivery(signature, signedRequest(inbound, deps), { secrets, nowMs }, scheme);
  if (!verdict.ok) throw refused(verdict.reason, verdict.detail);
  const { verified, delivery, deliveryKey, challenge } = verdict;
  return {
    verified,
    delivery,
    ...(deliveryKey === undefined ? {} : { deliveryKey }),
    ...(challenge === undefined ? {} : { challenge: answerOf(challenge) }),
  };
};
