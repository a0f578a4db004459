import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type Static, Type } from 'typebox';
import { AppError, type Clock, parseDuration } from '@millrace/kernel';
import {
  ProblemSchema,
  TokenCreatedSchema,
  TokenCreateSchema,
  TokenListSchema,
  type TokenRecord,
  type TokenView,
} from '@millrace/contracts';
import { canonicalScope } from '@millrace/domain';
import { type TokenStore } from '@millrace/eventlog';
import { type Ids, type Logger } from '@millrace/runtime';
import { principalOf } from '../auth/require-access.ts';
import { CONFIGURED_TOKEN_ID } from '../auth/configured-token.ts';
import { TOKEN_LIFE_MAX_MS } from '../limits.ts';
import { NOT_FOUND, NOTHING, PROBLEMS } from './problem-responses.ts';

export interface TokensRoutesDeps {
  readonly tokens: TokenStore;
  readonly ids: Ids;
  readonly clock: Clock;
  /** Who made and who revoked a token is written down. */
  readonly log: Logger;
}

type TypedApp = Parameters<FastifyPluginAsyncTypebox>[0];

const toView = ({ id, label, scopes, createdAt, expiresAt }: TokenRecord): TokenView => ({
  id,
  label,
  scopes,
  created_at: createdAt,
  ...(expiresAt === undefined ? {} : { expires_at: expiresAt }),
});

/** @throws AppError `invalid` `token.invalid_expiry`. */
const expiryOf = (body: Static<typeof TokenCreateSchema>, now: number): number | undefined => {
  if (body.expires_in === undefined && body.expires_at === undefined) return undefined;
  const expiry =
    body.expires_in === undefined ? Date.parse(body.expires_at ?? '') : now + parseDuration(body.expires_in);
  const bad = body.expires_in !== undefined && body.expires_at !== undefined;
  if (!bad && expiry > now && expiry <= now + TOKEN_LIFE_MAX_MS) return expiry;
  throw new AppError(
    'invalid',
    'token.invalid_expiry',
    'give either expires_in or expires_at, in the future and at most ten years away',
  );
};

const createRoute = (app: TypedApp, { tokens, ids, clock, log }: TokensRoutesDeps): void => {
  app.post(
    '/tokens',
    {
      schema: {
        operationId: 'createToken',
        summary: 'Create a token; its text is shown this once',
        tags: ['tokens'],
        body: TokenCreateSchema,
        response: { 201: TokenCreatedSchema, ...PROBLEMS },
      },
      config: { access: 'admin' },
    },
    async (request, reply) => {
      const now = clock.now();
      const expiry = expiryOf(request.body, now);
      const { id, token, sha256 } = ids.newToken();
      const record: TokenRecord = {
        id,
        sha256,
        label: request.body.label ?? '',
        scopes: request.body.scopes.map(canonicalScope),
        createdAt: new Date(now).toISOString(),
        ...(expiry === undefined ? {} : { expiresAt: new Date(expiry).toISOString() }),
      };
      await tokens.put(record);
      log.info('token created', { id, scopes: record.scopes, by: principalOf(request).id });
      reply.code(201).header('cache-control', 'no-store').header('location', `/tokens/${id}`);
      return { ...toView(record), token };
    },
  );
};

const listRoute = (app: TypedApp, { tokens }: TokensRoutesDeps): void => {
  app.get(
    '/tokens',
    {
      schema: {
        operationId: 'listTokens',
        summary: 'Tokens, without their texts',
        tags: ['tokens'],
        response: { 200: TokenListSchema, ...PROBLEMS },
      },
      config: { access: 'admin' },
    },
    async () => ({ tokens: tokens.list().map(toView) }),
  );
};

const checkRevocable = (tokens: TokenStore, id: string): void => {
  if (id === CONFIGURED_TOKEN_ID) {
    throw new AppError('refused', 'token.configured', 'this token comes from the configuration: change it there');
  }
  if (!tokens.list().some((token) => token.id === id)) {
    throw new AppError('not_found', 'token.not_found', 'there is no such token');
  }
};

const revokeRoute = (app: TypedApp, { tokens, log }: TokensRoutesDeps): void => {
  app.delete(
    '/tokens/:id',
    {
      schema: {
        operationId: 'revokeToken',
        summary: 'Revoke a token, everywhere within a second',
        tags: ['tokens'],
        params: Type.Object({ id: Type.String() }),
      },
      config: {
        access: 'admin',
        describe: { response: { ...NOTHING, 409: ProblemSchema, ...PROBLEMS, ...NOT_FOUND } },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      checkRevocable(tokens, id);
      await tokens.remove(id);
      log.info('token revoked', { id, by: principalOf(request).id });
      return reply.code(204).send();
    },
  );
};

/** `POST /tokens`, `GET /tokens`, `DELETE /tokens/{id}`. */
export const tokensRoutes: FastifyPluginAsyncTypebox<TokensRoutesDeps> = async (app, deps) => {
  createRoute(app, deps);
  listRoute(app, deps);
  revokeRoute(app, deps);
};
