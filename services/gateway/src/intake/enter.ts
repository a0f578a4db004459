import { type FastifyRequest } from 'fastify';
import { AppError, type Clock } from '@millrace/kernel';
import {
  allows,
  callerAddress,
  chooseTrigger,
  isForTokensOnly,
  type Mismatch,
  mismatchOf,
  type Network,
} from '@millrace/domain';
import {
  type BoundTrigger,
  type Credentials,
  type Dialect,
  type StartRoute,
  type TriggerDirectory,
} from '@millrace/dialects';
import { type TokenStore, type TriggerStates } from '@millrace/eventlog';
import { type Principal } from '../auth/access.ts';
import { authenticate } from '../auth/authenticate.ts';
import { type FailureBrake } from '../auth/failure-brake.ts';
import { checkTokenSource } from '../auth/query-token.ts';
import { checkClientHeader } from '../guards/client-header.ts';
import { checkCrossSite } from '../guards/cross-site.ts';
import { bearerOf, findKey } from './credentials.ts';
import { type Admission, type Entry } from './entry.ts';
import { Inbound } from './inbound.ts';
import { isThere, stateOf, stopped } from './trigger-state.ts';

export interface EnterDeps {
  readonly directory: TriggerDirectory;
  readonly tokens: TokenStore;
  readonly clock: Clock;
  readonly brake: FailureBrake;
  readonly trustedProxies: readonly Network[];
  /** All active values of a secret. */
  readonly secretValues: (name: string) => readonly string[];
  /** Which tokens may stand in a query: those that are limited to certain workflows, or any. */
  readonly queryTokens: 'limited' | 'any';
  /** What was decided about triggers, whatever their workflows declare. */
  readonly triggerStates: Pick<TriggerStates, 'get'>;
}

/**
 * Decides by address and headers alone, before a byte of the body is read, which trigger is meant and whether the caller may use it.
 *
 * @throws AppError `not_found`, `unauthenticated`, `forbidden`, `refused` `http.method_not_allowed`, `over_limit`
 * `auth.too_many_failures`.
 */
export type EnterTrigger = (request: FastifyRequest, dialect: Dialect, route: StartRoute) => Entry;

/** What a caller presented, and the token's principal once somebody asks for it. */
interface Caller {
  readonly credentials: Credentials;
  /** @throws AppError when the caller has no valid token. */
  readonly principal: () => Principal;
}

/** Whoever starts a run without a token is the trigger itself. */
const triggerPrincipal = ({ workflow, trigger }: BoundTrigger): Principal => ({
  id: `trigger:${workflow}#${trigger.id}`,
  scopes: [`run:${workflow}`],
});

/** Nobody without the right key learns more than from an address that does not exist. */
const refusalOf = (candidates: readonly BoundTrigger[], route: StartRoute, inbound: Inbound): AppError =>
  candidates.some(({ trigger }) => trigger.auth === 'workflow_key')
    ? new AppError('unauthenticated', 'auth.unauthorized', 'this workflow needs a key of its own')
    : route.notFound(inbound);

const addressOf = (request: FastifyRequest, trusted: readonly Network[]): string => {
  const forwarded = request.headers['x-forwarded-for'];
  const hops = Array.isArray(forwarded) ? forwarded.join(',') : forwarded;
  return callerAddress(request.socket.remoteAddress ?? '', hops, trusted);
};

/** What a caller presented, and its principal: looked up once, and only when some trigger asks for a token. */
const makeCallerOf = ({ tokens, clock, brake, queryTokens }: EnterDeps) => {
  const principalOf = ({ tokens: [token] }: Credentials, from: string): Principal => {
    const principal = brake.guard(from, token?.text, () => authenticate(token?.text, tokens, clock));
    checkTokenSource(principal, token?.source, queryTokens);
    return principal;
  };
  return (inbound: Inbound, route: StartRoute): Caller => {
    const credentials = (route.credentials ?? bearerOf)(inbound);
    let known: Principal | undefined;
    return { credentials, principal: () => (known ??= principalOf(credentials, inbound.from)) };
  };
};

interface Resolving {
  readonly inbound: Inbound;
  readonly route: StartRoute;
  readonly caller: Caller;
  /** Told of what was found, and what of it counts. */
  readonly seen: (found: readonly BoundTrigger[], there: readonly BoundTrigger[]) => void;
}

/** Whether a trigger that is not used is any business of the caller: one for tokens is only of who has a token for it. */
const concerns = ({ trigger, workflow }: BoundTrigger, caller: Caller): boolean => {
  if (trigger.auth !== 'token') return true;
  try {
    return allows(caller.principal().scopes, 'start', workflow);
  } catch {
    return false;
  }
};

/** What the address means. Errors of an address count only for those who may know about it. */
const resolve = ({ inbound, route, caller, seen }: Resolving, { directory, triggerStates }: EnterDeps) => {
  try {
    const found = route.resolve(inbound, directory);
    const there = found.filter((bound) => isThere(bound, route, triggerStates));
    seen(found, there);
    const isWrong = there.length > 0 && !there.some(({ trigger }) => trigger.methods.includes(inbound.method));
    if (isWrong && route.wrongMethod !== undefined) throw route.wrongMethod(inbound, there);
    return there;
  } catch (error) {
    if (!route.hidesAddresses || !(error instanceof AppError)) throw error;
    const workflow = error.details?.['workflow'];
    const mayKnow = typeof workflow !== 'string' || allows(caller.principal().scopes, 'start', workflow);
    throw mayKnow ? error : route.notFound(inbound);
  }
};

/** The first that fits; `undefined` when the caller may use none. */
const admit = (
  candidates: readonly BoundTrigger[],
  method: string,
  { credentials, principal }: Caller,
  { secretValues }: EnterDeps,
): Admission | undefined => {
  const choice = chooseTrigger(candidates, method, {
    holdsKeyOf: (trigger) => findKey(trigger, credentials.keys, secretValues) !== undefined,
    scopes: () => principal().scopes,
  });
  if (choice === undefined) return undefined;
  const { bound, verified } = choice;
  if (verified === 'token') return { bound, verified, principal: principal() };
  const key = verified === 'key' ? findKey(bound.trigger, credentials.keys, secretValues) : undefined;
  return { bound, verified, principal: triggerPrincipal(bound), ...(key === undefined ? {} : { key }) };
};

/** What a caller is refused at, and which methods it may be told of. */
interface Refused {
  readonly inbound: Inbound;
  readonly bound: BoundTrigger;
  readonly route: StartRoute;
  readonly allow: () => readonly string[];
}

const mismatchError = (mismatch: Mismatch, { inbound, bound, route, allow }: Refused): AppError => {
  switch (mismatch) {
    case 'address':
      return new AppError('forbidden', 'trigger.address_refused', 'this trigger may not be called from this address');
    case 'method':
      return new AppError('refused', 'http.method_not_allowed', `${inbound.method} does not start ${bound.workflow}`, {
        details: { allow: allow() },
      });
    case 'stopped':
      return stopped();
    case 'disabled':
      return route.disabled?.(bound) ?? route.notFound(inbound);
  }
};

/** Told only to whoever may use the trigger. */
const checkTrigger = (refused: Refused, { triggerStates }: EnterDeps): void => {
  const { bound, inbound } = refused;
  const { method, from } = inbound;
  const mismatch = mismatchOf(bound.trigger, { method, from, state: stateOf(bound, triggerStates) });
  if (mismatch !== undefined) throw mismatchError(mismatch, refused);
};

/** A header that a page must set by itself is no ambient authority; a cookie is. */
const checkBrowser = (inbound: Inbound, { bound, verified }: Admission, caller: Caller, route: StartRoute): void => {
  const isDeliberate = verified === 'token' && caller.credentials.tokens[0]?.source === 'header';
  const isWelcome = bound.trigger.crossSite === true || (isDeliberate && route.takesCrossSiteTokens === true);
  if (isWelcome) return;
  checkCrossSite({
    host: inbound.header('host'),
    origin: inbound.header('origin'),
    site: inbound.header('sec-fetch-site'),
  });
};

/**
 * What a request at an address of triggers is told whose method starts nothing there, whoever sends it; `allow` is what the address takes
 * as such. It is noted as one that reached a trigger.
 *
 * @throws AppError `unauthenticated` where the address is hidden from who has neither a token nor a key of a trigger there.
 */
export type RefuseMethod = (
  request: FastifyRequest,
  dialect: Dialect,
  route: StartRoute,
  allow: readonly string[],
) => AppError;

/** Whether the caller would be let in to the trigger, or anybody would: by a signature, too, which is looked at last. */
const isKnownTo = (
  bound: BoundTrigger,
  caller: Caller,
  { hidesAddresses, secretValues }: Pick<EnterDeps, 'secretValues'> & Pick<StartRoute, 'hidesAddresses'>,
): boolean => {
  const { auth } = bound.trigger;
  if (auth === 'public' || (auth === 'signature' && !hidesAddresses)) return true;
  if (auth === 'token') return concerns(bound, caller);
  return findKey(bound.trigger, caller.credentials.keys, secretValues) !== undefined;
};

const methodsOf = (triggers: readonly BoundTrigger[]): readonly string[] =>
  [...new Set(triggers.flatMap(({ trigger }) => trigger.methods))].sort();

const methodError = (inbound: Inbound, route: StartRoute, known: readonly BoundTrigger[], allow: readonly string[]) => {
  if (known.length > 0 && route.wrongMethod !== undefined) return route.wrongMethod(inbound, known);
  const own = methodsOf(known);
  return new AppError('refused', 'http.method_not_allowed', `${inbound.method} is not for this address`, {
    details: { allow: own.length === 0 ? allow : own },
  });
};

export const makeRefuseMethod = (deps: EnterDeps): RefuseMethod => {
  const callerOf = makeCallerOf(deps);
  const candidatesAt = (inbound: Inbound, route: StartRoute): readonly BoundTrigger[] => {
    try {
      return route.resolve(inbound, deps.directory).filter((bound) => isThere(bound, route, deps.triggerStates));
    } catch (error) {
      // What the address means is not asked: the method is wrong, whatever it is.
      if (error instanceof AppError) return [];
      throw error;
    }
  };
  return (request, dialect, route, allow) => {
    const inbound = new Inbound(request, addressOf(request, deps.trustedProxies));
    const caller = callerOf(inbound, route);
    const there = candidatesAt(inbound, route);
    const candidates = there.filter((bound) => concerns(bound, caller));
    const { credentials } = caller;
    const { hidesAddresses } = route;
    if (candidates.length > 0) request.sighting = { dialect, inbound, candidates, credentials };
    // Where other methods are refused before anybody is asked who he is, so are these.
    if (!hidesAddresses && route.wrongMethod !== undefined) return methodError(inbound, route, there, allow);
    const known = candidates.filter((bound) => isKnownTo(bound, caller, { ...deps, hidesAddresses }));
    if (hidesAddresses && known.length === 0) caller.principal();
    return methodError(inbound, route, known, allow);
  };
};

export const makeEnterTrigger = (deps: EnterDeps): EnterTrigger => {
  const callerOf = makeCallerOf(deps);
  return (request, dialect, route) => {
    const inbound = new Inbound(request, addressOf(request, deps.trustedProxies));
    const caller = callerOf(inbound, route);
    const { credentials } = caller;
    const seen: Resolving['seen'] = (found, there) => {
      const known = there.length > 0 ? there : found.filter((bound) => concerns(bound, caller));
      if (known.length === 0) return;
      request.sighting = { dialect, inbound, candidates: known, credentials, isDisabled: there.length === 0 };
    };
    const candidates = resolve({ inbound, route, caller, seen }, deps);
    const needsToken = candidates.length === 0 ? route.hidesAddresses : isForTokensOnly(candidates);
    // Said first: somebody without a token learns nothing else.
    if (needsToken) caller.principal();
    if (route.demandsClientHeader === true) checkClientHeader(inbound.method, request.headers['x-workflow-client']);
    if (candidates.length === 0) throw route.notFound(inbound);
    const admission = admit(candidates, inbound.method, caller, deps);
    if (admission === undefined) {
      const refusal = refusalOf(candidates, route, inbound);
      throw credentials.keys.length === 0 ? refusal : deps.brake.refused(inbound.from, refusal);
    }
    const { bound } = admission;
    request.sighting = { dialect, inbound, candidates, credentials, admission };
    checkBrowser(inbound, admission, caller, route);
    const allow = () => {
      const rules = { secretValues: deps.secretValues, hidesAddresses: route.hidesAddresses };
      return methodsOf(candidates.filter((one) => one === bound || isKnownTo(one, caller, rules)));
    };
    checkTrigger({ inbound, bound, route, allow }, deps);
    return { dialect, route, inbound, ...admission };
  };
};
