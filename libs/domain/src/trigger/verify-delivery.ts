import { type TriggerSignature } from '@millrace/contracts';

/** A request as its sender signed it: nothing of it is parsed. */
export interface SignedDelivery {
  readonly method: string;
  /** Absolute, as the sender saw it. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
  /** What the address of the trigger has parameters for, decoded; absent: nothing. Asked only where the digest counts. */
  readonly pathParams?: () => Readonly<Record<string, string>>;
}

/** What a sender asks to learn whether an address is meant for it, answered. */
export interface Challenge {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** A word on a signature alone. */
export type SignatureVerdict =
  | { readonly ok: true; readonly deliveryId: string | undefined }
  | { readonly ok: false; readonly reason: string; readonly detail: string };

/** How the senders of one preset sign. Given: what to do with a verdict is a rule, how it is reached is cryptography. */
export interface SignatureScheme<Delivery extends SignedDelivery = SignedDelivery> {
  readonly verify: (
    rule: TriggerSignature['rule'],
    delivery: Delivery,
    secrets: readonly string[],
    nowMs: number,
  ) => SignatureVerdict;
  /** Without a signature it looks at method and query alone. */
  readonly challenge: (delivery: Delivery, secrets: readonly string[]) => Challenge | undefined;
  /** True: a challenge is signed like any other request, and is one only once the signature was good. */
  readonly signsChallenges: boolean;
  /** Whether the signature covers the id by which the sender names a delivery. */
  readonly signsDeliveryId: (rule: TriggerSignature['rule']) => boolean;
  /** Of what was signed, without the time. */
  readonly digest: (rule: TriggerSignature['rule'], delivery: Delivery) => string;
}

/** What a signature is judged by. */
export interface SignatureEvidence {
  /** All active values of the secrets, newest first. */
  readonly secrets: readonly string[];
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

/** A delivery whose sender is known. */
export interface BelievedDelivery {
  readonly ok: true;
  /** `signature:github`; `none` for a challenge that nobody signs. */
  readonly verified: string;
  /** The sender's own id of the delivery. */
  readonly delivery: string | undefined;
  /** Equal for the same delivery sent again; absent where repeats are meant to run again. */
  readonly deliveryKey?: string;
  /** The sender asks whether this address is meant for it: answer this, and start nothing. */
  readonly challenge?: Challenge;
}

export type DeliveryVerdict =
  BelievedDelivery | { readonly ok: false; readonly reason: string; readonly detail: string };

/** Two addresses are two events, also where their bodies are equal: what stands in the address is part of the input. */
const addressOf = ({ pathParams }: SignedDelivery): string => {
  const params = Object.entries(pathParams?.() ?? {});
  return params.length === 0 ? '' : ` ${JSON.stringify(params)}`;
};

/**
 * A delivery is recognised again by the sender's id where the signature covers it, else by what was signed: an id that anybody can
 * change protects nothing.
 */
const keyOf = (
  { preset, repeats }: TriggerSignature,
  id: string | undefined,
  digest: () => string,
): Pick<BelievedDelivery, 'deliveryKey'> => {
  if (repeats === 'allow') return {};
  return { deliveryKey: id === undefined ? `${preset} digest ${digest()}` : `${preset} id ${id}` };
};

/**
 * Who sent a request, judged by its raw bytes, headers, secrets and the time. Nothing is parsed before the signature was good.
 *
 * @param scheme That of the preset which the trigger names.
 */
export const verifyDelivery = <Delivery extends SignedDelivery>(
  signature: TriggerSignature,
  delivery: Delivery,
  { secrets, nowMs }: SignatureEvidence,
  scheme: SignatureScheme<Delivery>,
): DeliveryVerdict => {
  const open = scheme.signsChallenges ? undefined : scheme.challenge(delivery, secrets);
  if (open !== undefined) return { ok: true, verified: 'none', delivery: undefined, challenge: open };
  const verdict = scheme.verify(signature.rule, delivery, secrets, nowMs);
  if (!verdict.ok) return verdict;
  const { deliveryId } = verdict;
  const challenge = scheme.signsChallenges ? scheme.challenge(delivery, secrets) : undefined;
  return {
    ok: true,
    verified: `signature:${signature.preset}`,
    delivery: deliveryId,
    ...keyOf(
      signature,
      scheme.signsDeliveryId(signature.rule) ? deliveryId : undefined,
      () => `${scheme.digest(signature.rule, delivery)}${addressOf(delivery)}`,
    ),
    ...(challenge === undefined ? {} : { challenge }),
  };
};
