import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { allows } from '@millrace/domain';
import {
  PAGE_LIMIT_DEFAULT,
  RunDetailSchema,
  RunListQuerySchema,
  RunListSchema,
  RunParamsSchema,
} from '@millrace/contracts';
import { listRuns, type ReadModel } from '@millrace/read-model';
import { principalOf } from '../auth/require-access.ts';
import { type FindVisibleRun } from '../reading/find-visible-run.ts';
import { type Reveal } from '../reading/reveal.ts';
import { toRunDetail, toRunView } from '../views/run-views.ts';
import { NOT_FOUND, PROBLEMS } from './problem-responses.ts';

export interface RunsRoutesDeps {
  readonly readModel: ReadModel;
  readonly findVisibleRun: FindVisibleRun;
  readonly reveal: Reveal;
}

/** `GET /runs`, `GET /runs/{id}`. */
export const runsRoutes: FastifyPluginAsyncTypebox<RunsRoutesDeps> = async (
  app,
  { readModel, findVisibleRun, reveal },
) => {
  app.get(
    '/runs',
    {
      schema: {
        operationId: 'listRuns',
        summary: 'Runs, newest first',
        description:
          'A token that is limited to some workflows may get short pages: follow `next_cursor` until it is absent.',
        tags: ['runs'],
        querystring: RunListQuerySchema,
        response: { 200: RunListSchema, ...PROBLEMS },
      },
      config: { access: 'read' },
    },
    async (request) => {
      const { scopes } = principalOf(request);
      const { limit = PAGE_LIMIT_DEFAULT, ...filters } = request.query;
      const page = await listRuns(readModel, { ...filters, limit });
      const visible = page.runs.filter(({ workflow }) => allows(scopes, 'read', workflow));
      const runs = (await Promise.all(visible.map(reveal.summary))).map(toRunView);
      return { runs, ...(page.next === undefined ? {} : { next_cursor: page.next }) };
    },
  );

  app.get(
    '/runs/:id',
    {
      schema: {
        operationId: 'getRun',
        summary: 'One run with input and output',
        tags: ['runs'],
        params: RunParamsSchema,
        response: { 200: RunDetailSchema, ...PROBLEMS, ...NOT_FOUND },
      },
      config: { access: 'read' },
    },
    async (request) => toRunDetail(await findVisibleRun(principalOf(request), request.params.id)),
  );
};
