import { type FastifyReply, type FastifyRequest } from 'fastify';
import { AppError } from '@millrace/kernel';
import { allows } from '@millrace/domain';
import {
  type AnswerRoute,
  type CancelRoute,
  type DialectRoute,
  type FollowRoute,
  type ReadRoute,
  type RecordedRun,
  type TriggerDirectory,
} from '@millrace/dialects';
import { type RunRow } from '@millrace/read-model';
import { type CancelRun } from '../admission/cancel-run.ts';
import { principalOf } from '../auth/require-access.ts';
import { type FindVisibleRun } from '../reading/find-visible-run.ts';
import { type ReadRunLogs } from '../reading/run-logs.ts';
import { isOver } from '../views/run-views.ts';
import { Inbound } from './inbound.ts';
import { type Intake } from './intake.ts';
import { sendAnswer } from './send-answer.ts';
import { sendStream, type StreamTools } from './send-stream.ts';

export interface HandlerDeps extends StreamTools {
  readonly directory: TriggerDirectory;
  readonly intake: Intake;
  readonly findVisibleRun: FindVisibleRun;
  readonly readRunLogs: ReadRunLogs;
  readonly cancelRun: CancelRun;
}

export type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>;

type AboutRun = ReadRoute | FollowRoute | CancelRoute;

const inboundOf = (request: FastifyRequest): Inbound => new Inbound(request, request.ip);

const recordedRun = (row: RunRow): RecordedRun => ({
  ...row,
  runId: row.id,
  traceId: row.traceId ?? '',
  replayed: false,
});

/** Does what a route of a dialect is for. */
export const makeHandlers = (deps: HandlerDeps): ((route: DialectRoute) => Handler) => {
  /** The run that the address names, if the caller may see it. */
  const find = async (request: FastifyRequest, inbound: Inbound, route: AboutRun): Promise<RunRow> => {
    const row = await deps.findVisibleRun(principalOf(request), route.runId(inbound));
    request.runId = row.id;
    return row;
  };

  const start: Handler = async (request, reply) => {
    if (request.entry === null) throw new Error('a trigger was not entered');
    return deps.intake(request.entry, request, reply);
  };

  const read = async (route: ReadRoute, request: FastifyRequest, reply: FastifyReply) => {
    const inbound = inboundOf(request);
    const row = await find(request, inbound, route);
    const logs = route.needsLogs === true ? await deps.readRunLogs(row.id) : '';
    return sendAnswer(reply, route.render(row, inbound, logs));
  };

  const follow = async (route: FollowRoute, request: FastifyRequest, reply: FastifyReply) => {
    const inbound = inboundOf(request);
    const row = await find(request, inbound, route);
    const streamed = { stream: route.stream, run: recordedRun(row), request: inbound, isOver: isOver(row) };
    await sendStream(reply, streamed, deps);
    return undefined;
  };

  const cancel = async (route: CancelRoute, request: FastifyRequest, reply: FastifyReply) => {
    const inbound = inboundOf(request);
    const row = await find(request, inbound, route);
    const principal = principalOf(request);
    if (!allows(principal.scopes, 'run', row.workflow)) {
      throw new AppError('forbidden', 'auth.forbidden', 'this token may not cancel this run');
    }
    if (!isOver(row)) await deps.cancelRun(row, principal.id, route.reason(inbound));
    return sendAnswer(reply, route.render(row, inbound));
  };

  const answer = (route: AnswerRoute, request: FastifyRequest, reply: FastifyReply) =>
    sendAnswer(reply, route.answer(inboundOf(request), deps.directory));

  return (route) => {
    switch (route.does) {
      case 'start':
        return start;
      case 'read':
        return (request, reply) => read(route, request, reply);
      case 'follow':
        return (request, reply) => follow(route, request, reply);
      case 'cancel':
        return (request, reply) => cancel(route, request, reply);
      case 'answer':
        return async (request, reply) => answer(route, request, reply);
    }
  };
};
