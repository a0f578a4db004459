import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type AppError, POLICY } from '@millrace/kernel';
import { type Logger } from '@millrace/runtime';
import { type GatewayMetrics } from '../metrics.ts';
import { drainRefusedBody } from './drain-refused-body.ts';
import { toAppError } from './from-fastify.ts';
import { type Answer, problemAnswer, retryAfterOf } from '@millrace/dialects';
import { type Inbox } from '../intake/inbox.ts';
import { sendAnswer } from '../intake/send-answer.ts';

export interface ErrorHandlerDeps {
  readonly log: Logger;
  readonly metrics: GatewayMetrics;
  readonly inbox: Pick<Inbox, 'refused'>;
  /** The answer to errors at addresses that do not exist. */
  readonly renderUnknown: (error: AppError, traceId: string | undefined, path: string) => Answer;
}

const writeLine = (log: Logger, error: AppError, request: FastifyRequest): void => {
  const { log: level } = POLICY[error.kind];
  const fields = {
    code: error.code,
    method: request.method,
    route: request.routeOptions.url ?? 'none',
    trace_id: request.traceId,
    run_id: request.runId,
    ...(level === 'error' ? { err: error } : { detail: error.message }),
  };
  log[level]('request refused', fields);
};

/** Members of a problem that are headers as well. */
const setHeaders = (reply: FastifyReply, error: AppError): void => {
  const retryAfter = retryAfterOf(error);
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter);
  if (error.kind === 'unauthenticated') reply.header('www-authenticate', 'Bearer');
  const allow = error.details?.['allow'];
  if (Array.isArray(allow)) reply.header('allow', allow.join(', '));
};

const pathOf = ({ raw }: FastifyRequest): string => (raw.url ?? '').split('?', 1)[0] ?? '';

type Render = ErrorHandlerDeps['renderUnknown'];

/** @param renderUnrouted The form where no route was looked for, if the address says one. */
export type ErrorHandler = (
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  renderUnrouted?: Render,
) => Promise<FastifyReply>;

/** Answers any error once: a dialect's own body where it prescribes one, else an RFC 9457 problem. */
export const makeErrorHandler =
  ({ log, metrics, inbox, renderUnknown }: ErrorHandlerDeps): ErrorHandler =>
  async (thrown, request, reply, renderUnrouted) => {
    const error = toAppError(thrown);
    writeLine(log, error, request);
    metrics.refused.inc({ reason: error.code });
    inbox.refused(request, error);
    if (error.kind === 'too_large') await drainRefusedBody(request.raw);
    setHeaders(reply, error);
    const { renderError = problemAnswer } = request.routeOptions.config;
    const render = renderUnrouted ?? (request.is404 ? renderUnknown : renderError);
    return sendAnswer(reply, render(error, request.traceId, pathOf(request)));
  };
