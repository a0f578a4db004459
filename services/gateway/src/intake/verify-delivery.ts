import { AppError } from '@millrace/kernel';
import { type Trigger, type TriggerSignature } from '@millrace/contracts';
import { type Answer, type InboundRequest } from '@millrace/dialects';
import {
  bodyDigest,
  type ChallengeAnswer,
  challengeAnswer,
  challengeProof,
  isDeliveryIdSigned,
  isPresetName,
  type PresetName,
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
  /** `signature:github`; of a challenge that nobody signs: `verify_token` or `none`. */
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

/** The secret that a good signature was made with: several senders may call one trigger, each with a secret of its own. */
const senderOf = (
  { secrets: [first, ...others] }: TriggerSignature,
  isMadeWith: (name: string) => boolean,
): string | undefined => (others.length === 0 ? first : ([first ?? '', ...others].find(isMadeWith) ?? first));

const asAnswer = ({ status, contentType, body }: ChallengeAnswer): Answer => ({
  status,
  headers: { 'content-type': contentType },
  body,
});

/** A question that its sender does not sign: only method and query are looked at. */
const openQuestion = (
  preset: PresetName,
  request: SignedRequest,
  secrets: readonly string[],
): VerifiedDelivery | undefined => {
  const proof = challengeProof(preset);
  if (proof === undefined || proof === 'signature') return undefined;
  const question = challengeAnswer(preset, request, secrets);
  if (question === undefined) return undefined;
  const verified = question.status === CHALLENGE_REFUSED ? 'none' : proof;
  return { verified, delivery: undefined, challenge: asAnswer(question) };
};

/**
 * Checks who sent a request, on the bytes as they came. Nothing is parsed before: a challenge that its sender signs is one only once
 * the signature was good.
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
  const open = openQuestion(rule.preset, request, secrets);
  if (open !== undefined) return open;
  const verdict = verifySignature(rule, request, secrets, nowMs);
  if (!verdict.ok) throw refused(verdict.reason, verdict.detail);
  const { deliveryId: delivery } = verdict;
  const question = challengeAnswer(rule.preset, request, secrets);
  const sender = senderOf(signature, (name) => verifySignature(rule, request, deps.secretValues(name), nowMs).ok);
  return {
    verified: `signature:${signature.preset}`,
    delivery,
    ...keyOf(signature, delivery, request),
    ...(sender === undefined ? {} : { sender }),
    ...(question === undefined ? {} : { challenge: asAnswer(question) }),
  };
};
