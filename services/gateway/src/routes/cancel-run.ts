import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { AppError } from '@millrace/kernel';
import { allows } from '@millrace/domain';
import { CancelAcceptedSchema, CancelBodySchema, ProblemSchema, RunParamsSchema } from '@millrace/contracts';
import { type RunRow } from '@millrace/read-model';
import { type CancelRun } from '../admission/cancel-run.ts';
import { principalOf } from '../auth/require-access.ts';
import { type FindVisibleRun } from '../reading/find-visible-run.ts';
import { isOver } from '../views/run-views.ts';
import { NOT_FOUND, PROBLEMS } from './problem-responses.ts';

export interface CancelRunDeps {
  readonly cancelRun: CancelRun;
  readonly findVisibleRun: FindVisibleRun;
}

const checkCancellable = (run: RunRow): void => {
  if (!isOver(run)) return;
  throw new AppError('refused', 'run.already_over', `the run is over: ${run.state}`, {
    details: { run_id: run.id, state: run.state },
  });
};

/** `POST /runs/{id}/cancel`: 202 once the wish is on disk; the run ends a moment later. */
export const cancelRunRoute: FastifyPluginAsyncTypebox<CancelRunDeps> = async (app, deps) => {
  const { cancelRun, findVisibleRun } = deps;

  app.post(
    '/runs/:id/cancel',
    {
      schema: {
        operationId: 'cancelRun',
        summary: 'Cancel a run',
        tags: ['runs'],
        params: RunParamsSchema,
        response: { 202: CancelAcceptedSchema, 409: ProblemSchema, ...PROBLEMS, ...NOT_FOUND },
      },
      config: { access: 'run', describe: { body: CancelBodySchema } },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const run = await findVisibleRun(principal, request.params.id);
      request.runId = run.id;
      if (!allows(principal.scopes, 'run', run.workflow)) {
        throw new AppError('forbidden', 'auth.forbidden', 'this token may not cancel this run');
      }
      checkCancellable(run);
      await cancelRun(run, principal.id, readReason(request.body));
      reply.code(202).header('location', `/runs/${run.id}`);
      return { run_id: run.id, status: 'cancelling' as const, status_url: `/status/${run.id}` };
    },
  );
};

const REASON_LENGTH_MAX = 500;

/** The body may be absent altogether. */
const readReason = (body: unknown): string | undefined => {
  if (body === undefined || body === null) return undefined;
  const { reason } =
    typeof body === 'object' && !Array.isArray(body) ? (body as { readonly reason?: unknown }) : { reason: null };
  if (reason === undefined) return undefined;
  if (typeof reason === 'string' && reason.length <= REASON_LENGTH_MAX) return reason;
  throw new AppError('invalid', 'body.invalid', `reason must be a text of at most ${REASON_LENGTH_MAX} characters`);
};
