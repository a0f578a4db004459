import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { allows, CLOUDEVENT_MEDIA_TYPE, toStructured } from '@millrace/domain';
import {
  PAGE_LIMIT_DEFAULT,
  RunDetailSchema,
  RunListQuerySchema,
  RunListSchema,
  RunParamsSchema,
} from '@millrace/contracts';
import { listRuns, type ReadModel } from '@millrace/read-model';
import { principalOf } from '../auth/require-access.ts';
import { type CatchUp } from '../reading/catch-up.ts';
import { type FindVisibleRun } from '../reading/find-visible-run.ts';
import { wantsCloudEvent } from '../intake/cloud-event-answer.ts';
import { type RunCloudEvents } from '../reading/run-cloud-events.ts';
import { type Reveal } from '../reading/reveal.ts';
import { toRunDetail, toRunView } from '../views/run-views.ts';
import { NOT_FOUND, PROBLEMS } from './problem-responses.ts';

export interface RunsRoutesDeps {
  readonly readModel: ReadModel;
  readonly catchUp: CatchUp;
  readonly findVisibleRun: FindVisibleRun;
  readonly reveal: Reveal;
  readonly cloudEvents: RunCloudEvents;
}

const LIST_DESCRIPTION =
  'A token that is limited to some workflows may get short pages: follow `next_cursor` until it is absent. The first page has every run ' +
  'that was accepted before; where that takes too long it says `behind`.';

/** `GET /runs`, `GET /runs/{id}`. */
export const runsRoutes: FastifyPluginAsyncTypebox<RunsRoutesDeps> = async (
  app,
  { readModel, catchUp, findVisibleRun, reveal, cloudEvents },
) => {
  app.get(
    '/runs',
    {
      schema: {
        operationId: 'listRuns',
        summary: 'Runs, newest first',
        description: LIST_DESCRIPTION,
        tags: ['runs'],
        querystring: RunListQuerySchema,
        response: { 200: RunListSchema, ...PROBLEMS },
      },
      config: { access: 'read' },
    },
    async (request) => {
      const { scopes } = principalOf(request);
      const { limit = PAGE_LIMIT_DEFAULT, ...filters } = request.query;
      const isComplete = filters.cursor !== undefined || (await catchUp());
      const page = await listRuns(readModel, { ...filters, limit });
      const visible = page.runs.filter(({ workflow }) => allows(scopes, 'read', workflow));
      const runs = (await Promise.all(visible.map(reveal.summary))).map(toRunView);
      const next = page.next === undefined ? {} : { next_cursor: page.next };
      return { runs, ...next, ...(isComplete ? {} : { behind: true as const }) };
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
        description:
          'With `Accept: application/cloudevents+json` the last event of the run instead, as a CloudEvent in structured mode.',
        produces: ['application/json', CLOUDEVENT_MEDIA_TYPE],
      },
      config: { access: 'read', describe: { response: { 200: RunDetailSchema, ...PROBLEMS, ...NOT_FOUND } } },
    },
    async (request, reply) => {
      const run = await findVisibleRun(principalOf(request), request.params.id);
      if (!wantsCloudEvent(request.headers.accept)) return toRunDetail(run);
      const body = JSON.stringify(toStructured(await cloudEvents.latest(run)));
      return reply.type(CLOUDEVENT_MEDIA_TYPE).send(body);
    },
  );
};
