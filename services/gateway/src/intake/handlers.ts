import { type FastifyReply, type FastifyRequest } from 'fastify';
import { AppError } from '@millrace/kernel';
import { allows } from '@millrace/domain';
import {
  type AnswerRoute,
  type CancelRoute,
  type DialectRoute,
  emptyAnswer,
  type FileRoute,
  type FollowRoute,
  type ReadRoute,
  type RecordedRun,
  type TriggerDirectory,
} from '@millrace/dialects';
import { type Files } from '@millrace/eventlog';
import { type RunSealers } from '@millrace/secrets';
import { type RunRow } from '@millrace/read-model';
import { type CancelRun } from '../admission/cancel-run.ts';
import { principalOf } from '../auth/require-access.ts';
import { type FindVisibleRun } from '../reading/find-visible-run.ts';
import { deletedRun } from '../reading/reveal.ts';
import { type ReadRunLogs } from '../reading/run-logs.ts';
import { isOver } from '../views/run-views.ts';
import { runOfSealedFile, workflowOfFile } from './file-names.ts';
import { Inbound } from './inbound.ts';
import { type Intake } from './intake.ts';
import { sendAnswer } from './send-answer.ts';
import { sendStream, type StreamTools } from './send-stream.ts';

export interface HandlerDeps extends StreamTools {
  readonly directory: TriggerDirectory;
  readonly intake: Intake;
  readonly findVisibleRun: FindVisibleRun;
  readonly readRunLogs: ReadRunLogs;
  readonly sealers: Pick<RunSealers, 'find'>;
  readonly cancelRun: CancelRun;
  readonly files: Pick<Files, 'get'>;
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

/** The run that the address names, if the caller may see it. */
const makeFind =
  ({ findVisibleRun }: HandlerDeps) =>
  async (request: FastifyRequest, inbound: Inbound, route: AboutRun): Promise<RunRow> => {
    const row = await findVisibleRun(principalOf(request), route.runId(inbound));
    request.runId = row.id;
    return row;
  };

const makeFollow = (deps: HandlerDeps) => {
  const find = makeFind(deps);
  const findOrAbsent = async (request: FastifyRequest, inbound: Inbound, route: FollowRoute) => {
    try {
      return await find(request, inbound, route);
    } catch (error) {
      const isAbsent = error instanceof AppError && error.kind === 'not_found';
      if (!isAbsent || route.absent === undefined) throw error;
      return undefined;
    }
  };

  return async (route: FollowRoute, request: FastifyRequest, reply: FastifyReply) => {
    const inbound = inboundOf(request);
    const row = await findOrAbsent(request, inbound, route);
    if (row === undefined) return sendAnswer(reply, route.absent?.(inbound) ?? emptyAnswer(404));
    const streamed = { stream: route.stream, run: recordedRun(row), request: inbound, isOver: isOver(row) };
    await sendStream(reply, streamed, deps);
    return undefined;
  };
};

const makeFile = ({ files, sealers }: HandlerDeps) => {
  const open = async (name: string, bytes: Uint8Array): Promise<Uint8Array> => {
    const runId = runOfSealedFile(name);
    if (runId === undefined) return bytes;
    const sealer = await sealers.find(runId);
    if (sealer === undefined) throw deletedRun(runId);
    return sealer.openBytes(bytes);
  };

  return async (route: FileRoute, request: FastifyRequest, reply: FastifyReply) => {
    const inbound = inboundOf(request);
    const name = route.object(inbound);
    const workflow = name === undefined ? undefined : workflowOfFile(name);
    const mayRead = workflow !== undefined && allows(principalOf(request).scopes, 'read', workflow);
    const bytes = name !== undefined && mayRead ? await files.get(name) : undefined;
    if (name === undefined || bytes === undefined) {
      throw new AppError('not_found', 'http.no_such_file', 'there is no such file');
    }
    return sendAnswer(reply, route.render(await open(name, bytes), inbound));
  };
};

/** Does what a route of a dialect is for. */
export const makeHandlers = (deps: HandlerDeps): ((route: DialectRoute) => Handler) => {
  const find = makeFind(deps);
  const follow = makeFollow(deps);
  const file = makeFile(deps);

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
      case 'file':
        return (request, reply) => file(route, request, reply);
      case 'answer':
        return async (request, reply) => answer(route, request, reply);
    }
  };
};
