import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { DialectErrorSchema, ProblemSchema, RunParamsSchema, StatusSchema } from '@millrace/contracts';
import { principalOf } from '../../auth/require-access.ts';
import { type FindVisibleRun } from '../../reading/find-visible-run.ts';
import { toStatus } from '../../views/run-views.ts';

export interface ServeStatusDeps {
  readonly findVisibleRun: FindVisibleRun;
}

/** `GET /status/<run_id>`: the dialect's fields and ours. A run that was acknowledged is never 404. */
export const serveStatus: FastifyPluginAsyncTypebox<ServeStatusDeps> = async (app, { findVisibleRun }) => {
  app.get(
    '/status/:id',
    {
      schema: {
        operationId: 'runStatus',
        summary: 'Where a run is',
        tags: ['serve'],
        params: RunParamsSchema,
        response: { 200: StatusSchema, 401: DialectErrorSchema, 404: DialectErrorSchema, 503: ProblemSchema },
      },
      config: { access: 'read', dialect: 'serve' },
    },
    async (request) => toStatus(await findVisibleRun(principalOf(request), request.params.id)),
  );
};
