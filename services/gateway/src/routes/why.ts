import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { AppError, messageOf } from '@millrace/kernel';
import {
  messagingSubject,
  type Ring,
  RunParamsSchema,
  type RunWhy,
  RunWhySchema,
  WhyAnswerSchema,
  writtenShard,
} from '@millrace/contracts';
import { type LogConnection, request as ask } from '@millrace/eventlog';
import { type RunRow } from '@millrace/read-model';
import { Compile } from 'typebox/compile';
import { principalOf } from '../auth/require-access.ts';
import { WHY_TIMEOUT_MS } from '../limits.ts';
import { type FindVisibleRun } from '../reading/find-visible-run.ts';
import { isOver } from '../views/run-views.ts';
import { NOT_FOUND, PROBLEMS } from './problem-responses.ts';

export interface WhyDeps {
  readonly connection: LogConnection;
  readonly ring: Ring;
  readonly findVisibleRun: FindVisibleRun;
}

const answers = Compile(WhyAnswerSchema);

const over = ({ id, workflow, state, error }: RunRow): RunWhy => ({
  run_id: id,
  workflow,
  reason: 'over',
  line: `does not wait: it is over, ${state}${error === undefined ? '' : ` (${error.message})`}`,
});

const noLeader = (cause: unknown): AppError =>
  new AppError('unavailable', 'scheduler.away', `no scheduler answers who could tell: ${messageOf(cause)}`, {
    cause,
    retryAfterSeconds: 1,
  });

/** @throws AppError `unavailable` `scheduler.away`. */
const askLeader = async ({ connection, ring }: WhyDeps, runId: string): Promise<RunWhy | undefined> => {
  const shard = writtenShard(runId, ring.shards); // open runs are of this ring
  const text = await ask(connection, messagingSubject.why(shard), runId, WHY_TIMEOUT_MS).catch((error: unknown) => {
    throw noLeader(error);
  });
  const answer: unknown = JSON.parse(text);
  if (!answers.Check(answer)) throw noLeader(new Error('the answer cannot be read'));
  return 'unknown' in answer ? undefined : answer;
};

/** `GET /runs/{id}/why`: what keeps a run from starting, by the word of the scheduler that leads. */
export const whyRoute: FastifyPluginAsyncTypebox<WhyDeps> = async (app, deps) => {
  app.get(
    '/runs/:id/why',
    {
      schema: {
        operationId: 'whyRun',
        summary: 'Why a run waits',
        description:
          'What keeps it from starting now: a limit and who has the slot, its rate, its time, or that no executor is free. 503 ' +
          '`scheduler.away` while no scheduler leads: then nothing starts.',
        tags: ['runs'],
        params: RunParamsSchema,
        response: { 200: RunWhySchema, ...PROBLEMS, ...NOT_FOUND },
      },
      config: { access: 'read' },
    },
    async (request) => {
      const { id } = request.params;
      const run = await deps.findVisibleRun(principalOf(request), id);
      if (isOver(run)) return over(run);
      const why = await askLeader(deps, run.id);
      return why ?? over(await deps.findVisibleRun(principalOf(request), id));
    },
  );
};
