import { type FastifyReply } from 'fastify';
import { type StartedRun } from '../admission/start-run.ts';

const ACCEPTED = 202;
const OK = 200;
/** A 200 for a run that failed would be a trap for everyone who only looks at the status. */
const RUN_DID_NOT_COMPLETE = 422;

/** The ids and paths of ours need no escaping: this text is made a lot. */
const acceptedBody = (runId: string, workflow: string): string =>
  `{"run_id":"${runId}","status":"accepted","task_ref":"${workflow}","status_url":"/status/${runId}","events_url":"/runs/${runId}/events"}`;

/** 202 with where to look, or the result of a run that was waited for: 200 when it completed, else 422. */
export const sendStartedRun = (reply: FastifyReply, run: StartedRun): FastifyReply => {
  const { runId, workflow, outcome, result } = run;
  if (outcome === 'replayed') reply.header('idempotency-replayed', 'true');
  reply.header('location', `/runs/${runId}`).header('content-type', 'application/json');
  if (result === undefined) return reply.code(ACCEPTED).send(acceptedBody(runId, workflow));
  return reply.code(result.status === 'completed' ? OK : RUN_DID_NOT_COMPLETE).send(JSON.stringify(result));
};
