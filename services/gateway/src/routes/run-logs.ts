import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  formatPosition,
  LogsQuerySchema,
  LogsSchema,
  ORIGIN,
  parsePosition,
  RunParamsSchema,
} from '@millrace/contracts';
import { AppError } from '@millrace/kernel';
import { type ReadModel } from '@millrace/read-model';
import { principalOf } from '../auth/require-access.ts';
import { type FindVisibleRun } from '../reading/find-visible-run.ts';
import { type Reveal } from '../reading/reveal.ts';
import { readLogPage } from '../reading/run-logs.ts';
import { NOT_FOUND, PROBLEMS } from './problem-responses.ts';

export interface RunLogsDeps {
  readonly readModel: ReadModel;
  readonly findVisibleRun: FindVisibleRun;
  readonly reveal: Reveal;
}

const parseAfter = (text: string | undefined) => {
  const after = text === undefined ? ORIGIN : parsePosition(text);
  if (after !== undefined) return after;
  throw new AppError('invalid', 'logs.invalid_cursor', 'after must be a cursor that this server gave');
};

const wantsJson = (accept: string | undefined): boolean => accept?.includes('application/json') ?? false;

/** `GET /runs/{id}/logs`: text by default, lines as JSON on request. */
export const runLogsRoute: FastifyPluginAsyncTypebox<RunLogsDeps> = async (
  app,
  { readModel, findVisibleRun, reveal },
) => {
  app.get(
    '/runs/:id/logs',
    {
      schema: {
        operationId: 'runLogs',
        summary: 'What a run wrote',
        description:
          '`text/plain`, or JSON with `Accept: application/json`. `Millrace-Next-After` is the cursor behind what was answered: ask again with ' +
          '`?after=` for what comes later.',
        tags: ['runs'],
        produces: ['text/plain', 'application/json'],
        params: RunParamsSchema,
        querystring: LogsQuerySchema,
      },
      config: { access: 'read', describe: { response: { 200: LogsSchema, ...PROBLEMS, ...NOT_FOUND } } },
    },
    async (request, reply) => {
      const { id } = await findVisibleRun(principalOf(request), request.params.id);
      const page = await readLogPage({ readModel, reveal }, id, parseAfter(request.query.after));
      const next = formatPosition(page.next);
      const { rows } = page;
      reply.header('millrace-next-after', next).header('x-content-type-options', 'nosniff');
      if (wantsJson(request.headers.accept)) {
        const lines = rows.map(({ attempt, stream, time, text }) => ({ attempt, stream, time, text }));
        return reply.type('application/json').send(JSON.stringify({ lines, next_after: next }));
      }
      return reply.type('text/plain; charset=utf-8').send(rows.map(({ text }) => text).join(''));
    },
  );
};
