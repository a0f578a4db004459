import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { AppError, type Clock } from '@millrace/kernel';
import {
  DEFAULT_WORKSPACE,
  ProblemSchema,
  SecretListSchema,
  SecretPutSchema,
  type SecretRecord,
  SecretSchema,
  type SecretView,
} from '@millrace/contracts';
import { type SecretStore } from '@millrace/eventlog';
import { type Logger } from '@millrace/runtime';
import { changeSecret, fingerprintsOf, type KeyRing } from '@millrace/secrets';
import { principalOf } from '../auth/require-access.ts';
import { NOT_FOUND, NOTHING, PROBLEMS } from './problem-responses.ts';

export interface SecretsRoutesDeps {
  readonly secrets: SecretStore;
  readonly keyRing: KeyRing;
  readonly clock: Clock;
  /** Who set and who removed a secret is written down; never a value. */
  readonly log: Logger;
}

type TypedApp = Parameters<FastifyPluginAsyncTypebox>[0];

const NAME_PARAM = Type.Object({ name: Type.String() });
const CONFLICT = { 409: ProblemSchema } as const;

const toView = (record: SecretRecord, ring: KeyRing): SecretView => {
  const fingerprints = fingerprintsOf(record, ring);
  return {
    name: record.name,
    values: record.values.map(({ createdAt, keyId }, index) => {
      const fingerprint = fingerprints[index];
      return { created_at: createdAt, key_id: keyId, ...(fingerprint === undefined ? {} : { fingerprint }) };
    }),
    ...(record.workflows === undefined ? {} : { workflows: record.workflows }),
    created_at: record.createdAt,
    updated_at: record.updatedAt,
  };
};

const putRoute = (app: TypedApp, { secrets, keyRing: ring, clock, log }: SecretsRoutesDeps): void => {
  app.put(
    '/secrets/:name',
    {
      schema: {
        operationId: 'putSecret',
        summary:
          'Set a secret, add a value beside the ones before, or retire those; in effect everywhere within a second',
        tags: ['secrets'],
        params: NAME_PARAM,
        body: SecretPutSchema,
        response: { 200: SecretSchema, ...PROBLEMS, ...NOT_FOUND, ...CONFLICT },
      },
      config: { access: 'admin' },
    },
    async (request, reply) => {
      const { name } = request.params;
      const context = { place: { workspace: DEFAULT_WORKSPACE, name }, ring, now: clock.now() };
      const record = await secrets.change(DEFAULT_WORKSPACE, name, (current) =>
        changeSecret(current, request.body, context),
      );
      log.info('secret changed', { name, values: record.values.length, by: principalOf(request).id });
      reply.header('cache-control', 'no-store');
      return toView(record, ring);
    },
  );
};

const listRoute = (app: TypedApp, { secrets, keyRing }: SecretsRoutesDeps): void => {
  app.get(
    '/secrets',
    {
      schema: {
        operationId: 'listSecrets',
        summary: 'Secrets, without their values',
        tags: ['secrets'],
        response: { 200: SecretListSchema, ...PROBLEMS },
      },
      config: { access: 'admin' },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      const own = secrets.list().filter(({ workspace }) => workspace === DEFAULT_WORKSPACE);
      return { secrets: own.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((record) => toView(record, keyRing)) };
    },
  );
};

const removeRoute = (app: TypedApp, { secrets, log }: SecretsRoutesDeps): void => {
  app.delete(
    '/secrets/:name',
    {
      schema: {
        operationId: 'removeSecret',
        summary: 'Remove a secret, everywhere within a second',
        tags: ['secrets'],
        params: NAME_PARAM,
      },
      config: { access: 'admin', describe: { response: { ...NOTHING, ...PROBLEMS, ...NOT_FOUND } } },
    },
    async (request, reply) => {
      const { name } = request.params;
      if (secrets.get(DEFAULT_WORKSPACE, name) === undefined) {
        throw new AppError('not_found', 'secret.not_found', 'there is no such secret');
      }
      await secrets.remove(DEFAULT_WORKSPACE, name);
      log.info('secret removed', { name, by: principalOf(request).id });
      return reply.code(204).send();
    },
  );
};

/** `PUT /secrets/{name}`, `GET /secrets`, `DELETE /secrets/{name}`. */
export const secretsRoutes: FastifyPluginAsyncTypebox<SecretsRoutesDeps> = async (app, deps) => {
  putRoute(app, deps);
  listRoute(app, deps);
  removeRoute(app, deps);
};
