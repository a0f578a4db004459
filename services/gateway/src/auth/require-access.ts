import { type FastifyInstance, type FastifyRequest, type onRequestHookHandler } from 'fastify';
import { AppError, type Clock } from '@millrace/kernel';
import { type Answer, type Credentials, type InboundRequest, type PresentedToken } from '@millrace/dialects';
import { type TokenStore } from '@millrace/eventlog';
import { type GatewaySettings } from '../config.ts';
import { checkClientHeader } from '../guards/client-header.ts';
import { checkCrossSite, type PageHeaders } from '../guards/cross-site.ts';
import { type HostAllowed, checkHost } from '../guards/host.ts';
import { checkStrictHeaders } from '../guards/strict-headers.ts';
import { type Access, ACCESS_KINDS, mayEnter, type Principal } from './access.ts';
import { authenticate, bearerText } from './authenticate.ts';
import { type FailureBrake } from './failure-brake.ts';
import { checkTokenSource } from './query-token.ts';
import { type Entry } from '../intake/entry.ts';
import { Inbound } from '../intake/inbound.ts';
import { type Sighting } from '../intake/sighting.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call the route; a route without it cannot be registered. */
    access: Access;
    /** On routes of access `trigger`: decides by address and headers who may start what. */
    enter?: (request: FastifyRequest) => Entry;
    /** Where callers put their token; default: `Authorization: Bearer`. */
    credentials?: (request: InboundRequest) => Credentials;
    /** True where clients of a dialect do not know `X-Workflow-Client`; their token is in a header that a page must set itself. */
    skipsClientHeader?: boolean;
    /** True where pages of other sites may call: without credentials on public routes, else with a token in a header. */
    takesCrossSite?: boolean;
    /** True where nothing is but the refusal of a method; such a route is not described. */
    refuses?: boolean;
    /** The body of an error, where a dialect prescribes it. */
    renderError?: (error: AppError, traceId: string | undefined, path?: string) => Answer;
  }
  interface FastifyRequest {
    /** The caller; `null` on public routes only. */
    principal: Principal | null;
    /** Set as soon as they are known, for logs and problems. */
    traceId: string | undefined;
    runId: string | undefined;
    /** The trigger that was entered; `null` on every other route. */
    entry: Entry | null;
    /** Set as soon as an address is known to be that of triggers, also when none of them may be used. */
    sighting: Sighting | null | undefined;
    /** Content type as it was sent, on routes that read raw bodies. */
    sentContentType: string | undefined;
  }
}

export interface AccessDeps {
  readonly tokens: TokenStore;
  readonly clock: Clock;
  readonly isHostAllowed: HostAllowed;
  readonly brake: FailureBrake;
  readonly settings: Pick<GatewaySettings, 'queryTokens'>;
}

/** Answers are for their caller alone, whose address may hold a key; and they are what their type says. */
const OF_EVERY_ANSWER = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

const tokenOf = (request: FastifyRequest): PresentedToken | undefined => {
  const { credentials } = request.routeOptions.config;
  if (credentials !== undefined) return credentials(new Inbound(request, request.ip)).tokens[0];
  const text = bearerText(request.headers.authorization);
  return text === undefined ? undefined : { text, source: 'header' };
};

const textOf = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(', ') : value;

const pageHeadersOf = ({ headers }: FastifyRequest): PageHeaders => ({
  host: headers.host,
  origin: headers.origin,
  site: textOf(headers['sec-fetch-site']),
});

const checkOpen = (request: FastifyRequest, access: Access): void => {
  if (access === 'public' && request.routeOptions.config.takesCrossSite !== true) {
    checkCrossSite(pageHeadersOf(request));
  }
};

const decorate = (app: FastifyInstance): void => {
  app.decorateRequest('principal', null);
  app.decorateRequest('traceId', undefined);
  app.decorateRequest('runId', undefined);
  app.decorateRequest('entry', null);
  app.decorateRequest('sighting', null);
  app.decorateRequest('sentContentType', undefined);
};

/**
 * Guards every route, registered before any of them: Host, cross-site, token, client header, kind of access. Unknown addresses are
 * guarded as well, so that without a token nothing can be learnt about which addresses exist. What is public is said by the
 * route object itself, never by an address.
 */
export const requireAccess = (
  app: FastifyInstance,
  { tokens, clock, isHostAllowed, brake, settings }: AccessDeps,
): void => {
  decorate(app);

  app.addHook('onRoute', ({ url, config }) => {
    const access: unknown = config?.access;
    if (!ACCESS_KINDS.some((kind) => kind === access)) throw new Error(`route ${url} does not say who may call it`);
    if (access === 'trigger' && config?.enter === undefined)
      throw new Error(`route ${url} does not say how to enter it`);
  });

  const checkToken = (request: FastifyRequest, access: Exclude<Access, 'public' | 'trigger'>): void => {
    const token = tokenOf(request);
    const { takesCrossSite } = request.routeOptions.config;
    // A header that a page must set by itself is no ambient authority; a cookie is.
    if (takesCrossSite !== true || token?.source !== 'header') checkCrossSite(pageHeadersOf(request));
    const principal = brake.guard(request.ip, token?.text, () => authenticate(token?.text, tokens, clock));
    checkTokenSource(principal, token?.source, settings.queryTokens);
    if (request.routeOptions.config.skipsClientHeader !== true) {
      checkClientHeader(request.method, request.headers['x-workflow-client']);
    }
    if (!request.is404 && !mayEnter(principal, access)) {
      throw new AppError('forbidden', 'auth.forbidden', `this token may not use ${access} routes`);
    }
    request.principal = principal;
  };

  const guard: onRequestHookHandler = (request, reply, done) => {
    reply.headers(OF_EVERY_ANSWER);
    try {
      checkStrictHeaders(request.raw);
      checkHost(request.headers.host, isHostAllowed);
      const { enter } = request.routeOptions.config;
      // Whatever does not say that it is public is not.
      const access = request.is404 ? 'read' : request.routeOptions.config.access;
      if (access === 'trigger' && enter !== undefined) {
        request.entry = enter(request);
        request.principal = request.entry.principal;
      } else {
        checkOpen(request, access);
        if (access !== 'public') checkToken(request, access === 'trigger' ? 'admin' : access);
      }
      done();
    } catch (error) {
      done(error as Error);
    }
  };
  app.addHook('onRequest', guard);
};

/** The caller of a route that is not public. */
export const principalOf = ({ principal }: { readonly principal: Principal | null }): Principal => {
  if (principal === null) throw new Error('a public route asks who its caller is');
  return principal;
};
