import { AppError } from '@millrace/kernel';
import { type Trigger, type TriggerSignature } from '@millrace/contracts';
import { type Answer, type InboundRequest } from '@millrace/dialects';
import {
  bodyDigest,
  challengeAnswer,
  isDeliveryIdSigned,
  isPresetName,
  type SignatureRule,
  type SignedRequest,
  verifySignature,
} from '@millrace/webhooks';

export interface VerifyDeps {
  /** All active values of a secret, newest first. */
  readonly secretValues: (name: string) => readonly string[];
  /** Origin under which senders know this server: `https://hooks.example.com`. */
  readonly publicUrl: string | undefined;
}

/** A delivery whose sender is known. */
export interface VerifiedDelivery {
  /** `signature:github`. */
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

const ruleOf = ({ preset, rule }: TriggerSignature): SignatureRule => {
  if (!isPresetName(preset)) throw new AppError('bug', 'gateway.unknown_preset', `there is no preset ${preset}`);
  return { ...rule, preset };
};

/**
 * A delivery is recognised again by the sender's id where the signature covers it, else by what was signed: an id that anybody can
 * change protects nothing.
 */
const keyOf = ({ preset, repeats }: TriggerSignature, delivery: string | undefined, request: SignedRequest) => {
  if (repeats === 'allow' || !isPresetName(preset)) return {};
  const named = delivery !== undefined && isDeliveryIdSigned(preset);
  return { deliveryKey: named ? `${preset} id ${delivery}` : `${preset} digest ${bodyDigest(request)}` };
};

/**
 * Checks who sent a request, on the bytes as they came. Nothing is parsed before.
 *
 * @throws AppError `unauthenticated` `signature.refused` with `details.reason`.
 */
export const verifyDelivery = (
  { signature }: Trigger & { readonly signature: TriggerSignature },
  inbound: InboundRequest,
  nowMs: number,
  deps: VerifyDeps,
): VerifiedDelivery => {
  const rule = ruleOf(signature);
  const request = signedRequest(inbound, deps);
  const secrets = signature.secrets.flatMap(deps.secretValues);
  const question = challengeAnswer(rule.preset, request, secrets);
  const challenge = question && {
    status: question.status,
    headers: { 'content-type': question.contentType },
    body: question.body,
  };
  const verified = `signature:${signature.preset}`;
  if (question?.needsSignature === false && challenge !== undefined)
    return { verified, delivery: undefined, challenge };
  const verdict = verifySignature(rule, request, secrets, nowMs);
  if (!verdict.ok) throw refused(verdict.reason, verdict.detail);
  const { deliveryId: delivery } = verdict;
  return {
    verified,
    delivery,
    ...keyOf(signature, delivery, request),
    ...(challenge === undefined ? {} : { challenge }),
  };
};
