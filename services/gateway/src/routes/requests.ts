import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { AppError } from '@millrace/kernel';
import { allows } from '@millrace/domain';
import {
  AcceptedSchema,
  type InboxRecord,
  PAGE_LIMIT_DEFAULT,
  ProblemSchema,
  type RequestDetail,
  RequestDetailSchema,
  RequestListQuerySchema,
  RequestListSchema,
  type RequestView,
  RunParamsSchema,
  RunResultSchema,
} from '@millrace/contracts';
import { type Dialect, startedRunAnswer, type TriggerDirectory } from '@millrace/dialects';
import {
  type AcceptedRequest,
  cursorBetween,
  findAcceptedRequest,
  findRefusedRequest,
  listAcceptedRequests,
  listRefusedRequests,
  type ReadModel,
  type RequestsQuery,
} from '@millrace/read-model';
import { type Principal } from '../auth/access.ts';
import { principalOf } from '../auth/require-access.ts';
import { type Entry } from '../intake/entry.ts';
import { type Redeliver } from '../intake/redeliver.ts';
import { recordedInbound } from '../intake/recorded-inbound.ts';
import { sendAnswer } from '../intake/send-answer.ts';
import { NOT_FOUND, PROBLEMS } from './problem-responses.ts';

export interface RequestsRoutesDeps {
  readonly readModel: ReadModel;
  readonly directory: TriggerDirectory;
  readonly dialects: readonly Dialect[];
  readonly redeliver: Redeliver;
}

const acceptedView = ({ delivery, from, requestedBy: requested_by, ...request }: AcceptedRequest): RequestView => ({
  ...request,
  requested_by,
  outcome: 'accepted',
  code: 'accepted',
  run_id: request.id,
  ...(delivery === undefined ? {} : { delivery }),
  ...(from === undefined ? {} : { from }),
});

const refusedView = (record: InboxRecord): RequestView => {
  const { id, time, workflow, dialect, trigger, outcome, code, reason, verified, method, path, from } = record;
  return {
    ...{ id, time, workflow, dialect, trigger, outcome, code, reason, verified, method, path, from },
    ...(record.delivery === undefined ? {} : { delivery: record.delivery }),
    ...(record.run === undefined ? {} : { run_id: record.run }),
  };
};

const refusedDetail = (record: InboxRecord): RequestDetail => ({
  ...refusedView(record),
  query: record.query,
  headers: record.headers,
  ...(record.body === undefined ? {} : { body: record.body }),
  body_bytes: record.bodyBytes,
});

const notFound = (): AppError => new AppError('not_found', 'request.not_found', 'there is no such request');

/** Both kinds have ids that grow with time: one page is the newest of both. */
const listRequests = async (readModel: ReadModel, query: RequestsQuery): Promise<readonly RequestView[]> => {
  const { outcome } = query;
  const accepted = outcome === undefined || outcome === 'accepted' ? await listAcceptedRequests(readModel, query) : [];
  const refused = outcome === 'accepted' ? [] : await listRefusedRequests(readModel, query);
  const views = [...accepted.map(acceptedView), ...refused.map(refusedView)];
  return views.toSorted((a, b) => (a.id < b.id ? 1 : -1)).slice(0, query.limit);
};

const notRedeliverable = (why: string): AppError => new AppError('refused', 'request.not_redeliverable', why);

const checkRedeliverable = (record: InboxRecord): void => {
  if (record.outcome === 'challenge') throw notRedeliverable('a challenge starts no run');
  if (record.body?.cut === true || (record.body === undefined && record.bodyBytes > 0)) {
    throw notRedeliverable('the body was not kept whole');
  }
};

/** The trigger as it is declared now, and the request as it was. */
const entryOf = (record: InboxRecord, principal: Principal, { dialects, directory }: RequestsRoutesDeps): Entry => {
  checkRedeliverable(record);
  const dialect = dialects.find(({ name }) => name === record.dialect);
  const route = dialect?.routes.find(({ does, url }) => does === 'start' && url === record.route);
  if (dialect === undefined || route?.does !== 'start') throw notRedeliverable('its address is no longer served');
  const inbound = recordedInbound(record);
  const bound = route
    .resolve(inbound, directory)
    .find(({ workflow, trigger }) => workflow === record.workflow && trigger.id === record.trigger);
  if (bound === undefined) throw notRedeliverable('its trigger is no longer there');
  return { dialect, route, inbound, bound, principal, verified: 'redelivery' };
};

const readRoutes: FastifyPluginAsyncTypebox<RequestsRoutesDeps> = async (app, { readModel }) => {
  app.get(
    '/requests',
    {
      schema: {
        operationId: 'listRequests',
        summary: 'Requests that reached a trigger, also those that were refused; newest first',
        tags: ['requests'],
        querystring: RequestListQuerySchema,
        response: { 200: RequestListSchema, ...PROBLEMS },
      },
      config: { access: 'read' },
    },
    async (request) => {
      const { scopes } = principalOf(request);
      const { limit = PAGE_LIMIT_DEFAULT, ...filters } = request.query;
      const found = await listRequests(readModel, { ...filters, limit: limit + 1 });
      const page = found.slice(0, limit);
      const [last, behind] = [page.at(-1), found[limit]];
      const hasNext = last !== undefined && behind !== undefined;
      const requests = page.filter(({ workflow }) => allows(scopes, 'read', workflow));
      return { requests, ...(hasNext ? { next_cursor: cursorBetween(last.id, behind.id) } : {}) };
    },
  );

  app.get(
    '/requests/:id',
    {
      schema: {
        operationId: 'getRequest',
        summary: 'One request that was refused, filtered or repeated, without credentials',
        tags: ['requests'],
        params: RunParamsSchema,
        response: { 200: RequestDetailSchema, ...PROBLEMS, ...NOT_FOUND },
      },
      config: { access: 'read' },
    },
    async (request) => {
      const { scopes } = principalOf(request);
      const { id } = request.params;
      const record = await findRefusedRequest(readModel, id);
      if (record !== undefined && allows(scopes, 'read', record.workflow)) return refusedDetail(record);
      const accepted = record === undefined ? await findAcceptedRequest(readModel, id) : undefined;
      if (accepted !== undefined && allows(scopes, 'read', accepted.workflow)) return acceptedView(accepted);
      throw notFound();
    },
  );
};

/** A filtered one starts nothing; an accepted one is run again elsewhere. */
const REDELIVERED = {
  200: Type.Union([Type.Object({ status: Type.Literal('filtered'), reason: Type.String() }), RunResultSchema]),
  202: AcceptedSchema,
  422: RunResultSchema,
  307: Type.Null({ description: 'an accepted request: `Location` is where its run is asked for again' }),
};

const redeliverRoute: FastifyPluginAsyncTypebox<RequestsRoutesDeps> = async (app, deps) => {
  app.post(
    '/requests/:id/redeliver',
    {
      schema: {
        operationId: 'redeliverRequest',
        summary: 'Ask the trigger, as it is now, what the request shall start; signature and rate no longer count',
        tags: ['requests'],
        params: RunParamsSchema,
      },
      config: {
        access: 'admin',
        describe: { response: { ...REDELIVERED, 409: ProblemSchema, ...PROBLEMS, ...NOT_FOUND } },
      },
    },
    async (request, reply) => {
      const record = await findRefusedRequest(deps.readModel, request.params.id);
      if (record === undefined) {
        if ((await findAcceptedRequest(deps.readModel, request.params.id)) === undefined) throw notFound();
        return reply.code(307).header('location', `/runs/${request.params.id}/rerun`).send();
      }
      const entry = entryOf(record, principalOf(request), deps);
      return sendAnswer(reply, startedRunAnswer(await deps.redeliver(entry, request, reply)));
    },
  );
};

/** `GET /requests`, `GET /requests/{id}`, `POST /requests/{id}/redeliver`. */
export const requestsRoutes: FastifyPluginAsyncTypebox<RequestsRoutesDeps> = async (app, deps) => {
  await readRoutes(app, deps);
  await redeliverRoute(app, deps);
};
