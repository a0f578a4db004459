import { type Trigger } from '@millrace/contracts';
import { AppError } from '@millrace/kernel';
import { type Answer, emptyAnswer } from '../../answer.ts';
import { type InboundRequest } from '../../inbound-request.ts';

/** Any page, without cookies: whoever has something to show sends it in a header of its own. */
export const CORS = { 'access-control-allow-origin': '*' } as const;

const ANY_METHOD = ['DELETE', 'GET', 'PATCH', 'POST', 'PUT'];
/** Seconds for which a browser need not ask again. */
const MAX_AGE = '600';

/** By this header callers show that they are no page: no page is let set it. */
const NEVER = 'x-workflow-client';

const headersFor = (request: InboundRequest): Readonly<Record<string, string>> => {
  const asked = (request.header('access-control-request-headers') ?? '').split(',').map((name) => name.trim());
  const names = asked.filter((name) => name !== '' && name.toLowerCase() !== NEVER);
  return names.length === 0 ? {} : { 'access-control-allow-headers': names.join(', ') };
};

const allowed = (request: InboundRequest, methods: readonly string[]): Answer =>
  emptyAnswer(204, {
    ...CORS,
    'access-control-allow-methods': methods.join(', '),
    ...headersFor(request),
    'access-control-max-age': MAX_AGE,
  });

const methodsOf = (triggers: readonly Trigger[]): readonly string[] =>
  [...new Set(triggers.flatMap(({ methods }) => methods))].sort();

/**
 * What a browser hears that asks for a page of another site. `hidden`: the address has a key in it, and every such address answers alike,
 * so that none shows whether it is one; the request that follows is checked all the same.
 *
 * @throws AppError `not_found` `trigger.not_found`, `refused` `http.method_not_allowed` when no trigger there is for such pages.
 */
export const preflightAnswer = (request: InboundRequest, there: readonly Trigger[] | 'hidden'): Answer => {
  if (there === 'hidden') return allowed(request, ANY_METHOD);
  if (there.length === 0) throw new AppError('not_found', 'trigger.not_found', 'there is no trigger at this address');
  const open = there.filter(({ crossSite }) => crossSite === true);
  if (open.length > 0) return allowed(request, methodsOf(open));
  throw new AppError('refused', 'http.method_not_allowed', 'this trigger is not for pages of other sites', {
    details: { allow: methodsOf(there) },
  });
};
