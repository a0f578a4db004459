import { type Message } from './mac.ts';
import { type SignedRequest } from './request.ts';
import { type RuleMember, type RuleMembers } from './rule.ts';
import { type Refusal } from './verdict.ts';

/** One signature to check. */
export interface Check {
  readonly rule: RuleMembers;
  readonly request: SignedRequest;
  /** The active ones, none of them empty. */
  readonly secrets: readonly string[];
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

/** What a sender asks before it sends anything, and the answer it expects. */
export interface ChallengeAnswer {
  readonly status: number;
  readonly contentType: string;
  /** May repeat what the sender wrote: send it with `X-Content-Type-Options: nosniff`. */
  readonly body: string;
  /** True: answer only when the signature of the request was verified. */
  readonly needsSignature: boolean;
}

export type Answered = Omit<ChallengeAnswer, 'needsSignature'>;

/**
 * What shows that a challenge comes from the sender: the signature, which is checked before anything of the request is parsed; a token
 * in the query; nothing.
 */
export type ChallengeProof = 'signature' | 'verify_token' | 'none';

/** How a sender asks whether an address is meant for it. */
export interface Challenge {
  readonly proof: ChallengeProof;
  /** Nothing for a request that is no challenge. Without a signature it looks at method and query alone. */
  readonly answer: (request: SignedRequest, secrets: readonly string[]) => Answered | undefined;
}

export interface SignInput {
  /** The newest secret; for Ed25519 the private key (`whsk_…`, or 64 hex digits for Discord). */
  readonly secret: string;
  /** Secrets that are still active while `secret` replaces them; signed with too where the scheme has room for it. */
  readonly olderSecrets?: readonly string[];
  readonly method?: string;
  /** Absolute, as it will be called. */
  readonly url: string;
  readonly body: Uint8Array;
  readonly deliveryId: string;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  readonly rule?: RuleMembers;
}

/** An example of what a sender sends, unsigned. */
export interface Sample {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How one kind of sender signs. A preset is one file in `presets/` and one line in `all-presets.ts`. */
export interface Preset<Name extends string = string, SampleName extends string = string> {
  readonly name: Name;
  /** Members that a rule of this preset may have. */
  readonly members: readonly RuleMember[];
  readonly required?: readonly RuleMember[];
  /** Nothing when the signature is good. May throw on hostile input: `verifySignature` turns that into a refusal. */
  readonly verify: (check: Check) => Refusal | undefined;
  /** Called when the signature was good. */
  readonly deliveryId: (request: SignedRequest, rule: RuleMembers) => string | undefined;
  /**
   * False: whoever replays a request could change the id, so that it does not keep replays out. A function where the rule says what is
   * signed.
   */
  readonly deliveryIdIsSigned: boolean | ((rule: RuleMembers) => boolean);
  /**
   * What was signed, without the time: the same for a delivery that its sender repeats, another for everything else that it signs.
   * Called when the signature was good; absent: the body.
   */
  readonly signedContent?: (request: SignedRequest, rule: RuleMembers) => Message;
  readonly challenge?: Challenge;
  /** Headers of a request that `verify` believes. */
  readonly sign: (input: SignInput) => Readonly<Record<string, string>>;
  readonly samples: Readonly<Record<SampleName, Sample>>;
}

/** Keeps the names of a preset and of its samples as types. */
export const definePreset = <const Name extends string, SampleName extends string>(
  preset: Preset<Name, SampleName>,
): Preset<Name, SampleName> => preset;

export const JSON_HEADERS = { 'content-type': 'application/json' } as const;
