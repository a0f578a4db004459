import { type FastifyInstance, type onRequestHookHandler } from 'fastify';
import { AppError, type Clock } from '@millrace/kernel';
import { type TokenStore } from '@millrace/eventlog';
import { checkClientHeader } from '../guards/client-header.ts';
import { checkCrossSite } from '../guards/cross-site.ts';
import { type HostAllowed, checkHost } from '../guards/host.ts';
import { type Access, ACCESS_KINDS, mayEnter, type Principal } from './access.ts';
import { authenticate } from './authenticate.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call the route; a route without it cannot be registered. */
    access: Access;
    /** Errors are answered with the bodies that this dialect prescribes. */
    dialect?: 'serve';
  }
  interface FastifyRequest {
    /** The caller; `null` on public routes only. */
    principal: Principal | null;
    /** Set as soon as they are known, for logs and problems. */
    traceId: string | undefined;
    runId: string | undefined;
  }
}

export interface AccessDeps {
  readonly tokens: TokenStore;
  readonly clock: Clock;
  readonly isHostAllowed: HostAllowed;
}

/**
 * Guards every route, registered before any of them: Host, cross-site, token, client header, kind of access. Unknown addresses are
 * guarded as well, so that without a token nothing can be learnt about which addresses exist. What is public is said by the
 * route object itself, never by an address.
 */
export const requireAccess = (app: FastifyInstance, { tokens, clock, isHostAllowed }: AccessDeps): void => {
  app.decorateRequest('principal', null);
  app.decorateRequest('traceId', undefined);
  app.decorateRequest('runId', undefined);

  app.addHook('onRoute', ({ url, config }) => {
    const access: unknown = config?.access;
    if (!ACCESS_KINDS.some((kind) => kind === access)) throw new Error(`route ${url} does not say who may call it`);
  });

  const guard: onRequestHookHandler = (request, _reply, done) => {
    try {
      checkHost(request.headers.host, isHostAllowed);
      checkCrossSite(request.headers['sec-fetch-site']);
      // Whatever does not say that it is public is not.
      const access = request.is404 ? 'read' : request.routeOptions.config.access;
      if (access !== 'public') {
        const principal = authenticate(request.headers.authorization, tokens, clock);
        checkClientHeader(request.method, request.headers['x-workflow-client']);
        if (!request.is404 && !mayEnter(principal, access)) {
          throw new AppError('forbidden', 'auth.forbidden', `this token may not use ${access} routes`);
        }
        request.principal = principal;
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
