import { AppError } from '@millrace/kernel';
import { type Trigger } from '@millrace/contracts';
import { allows, namesWorkflow, startsSomething } from '../workflow/scopes.ts';
import { type OwnedTrigger } from './owned-trigger.ts';

/** What a caller can show. Asked only where the answer counts: to look for a token may cost, and a wrong one counts as a guess. */
export interface Claims {
  /** Whether one of the texts that the caller presented is a key of this trigger. */
  readonly holdsKeyOf: (trigger: Trigger) => boolean;
  /** Scopes of the caller's token. @throws AppError `unauthenticated` when it has no valid one. */
  readonly scopes: () => readonly string[];
}

/** The trigger that is meant, and what showed that the caller may use it; `signature` is still to be shown by the body. */
export interface Choice<Owned extends OwnedTrigger> {
  readonly bound: Owned;
  readonly verified: 'token' | 'key' | 'public' | 'signature';
}

/** Those of the method first: several triggers may share an address. The others are there to say what is allowed. */
const byMethod = <Owned extends OwnedTrigger>(candidates: readonly Owned[], method: string): readonly Owned[] =>
  candidates.length < 2
    ? candidates
    : candidates.toSorted(
        (a, b) => Number(b.trigger.methods.includes(method)) - Number(a.trigger.methods.includes(method)),
      );

const takesKeys = ({ auth }: Trigger): boolean => auth === 'path_key' || auth === 'workflow_key';

const tokenFits = ({ trigger, workflow }: OwnedTrigger, scopes: readonly string[]): boolean => {
  if (!startsSomething(scopes)) throw new AppError('forbidden', 'auth.forbidden', 'this token may not use run routes');
  return trigger.auth === 'token' ? allows(scopes, 'start', workflow) : namesWorkflow(scopes, workflow);
};

/** What lets in a caller without a key of the trigger. */
const withoutKey = (owned: OwnedTrigger, { scopes }: Claims): 'public' | 'signature' | 'token' | undefined => {
  const { auth } = owned.trigger;
  if (auth === 'public' || auth === 'signature') return auth;
  return auth !== 'path_key' && tokenFits(owned, scopes()) ? 'token' : undefined;
};

/**
 * Which of the triggers at an address is meant, and whether the caller may use it. Keys are looked at first: one of them says which
 * of several triggers is meant. `undefined`: none of them is the caller's to use.
 *
 * @throws AppError `unauthenticated` of {@link Claims.scopes}; `forbidden` `auth.forbidden` for a token that starts nothing at all.
 */
export const chooseTrigger = <Owned extends OwnedTrigger>(
  candidates: readonly Owned[],
  method: string,
  claims: Claims,
): Choice<Owned> | undefined => {
  const inOrder = byMethod(candidates, method);
  const unlocked = inOrder.find(({ trigger }) => takesKeys(trigger) && claims.holdsKeyOf(trigger));
  if (unlocked !== undefined) return { bound: unlocked, verified: 'key' };
  for (const bound of inOrder) {
    const verified = withoutKey(bound, claims);
    if (verified !== undefined) return { bound, verified };
  }
  return undefined;
};

/** Whether everything at an address is for tokens: then whoever has none learns nothing else. */
export const isForTokensOnly = (candidates: readonly OwnedTrigger[]): boolean =>
  candidates.every(({ trigger }) => trigger.auth === 'token');
