import { type Answer, jsonAnswer } from './answer.ts';
import { type StartOutcome } from './run-snapshot.ts';

/** That a workflow skips a run at its limit is what its author wants, and no failure. */
const SKIPPED = 'skipped';

/** The ids and paths of ours need no escaping: this text is made a lot. */
const acceptedBody = (runId: string, workflow: string): string =>
  `{"run_id":"${runId}","status":"accepted","task_ref":"${workflow}","status_url":"/status/${runId}","events_url":"/runs/${runId}/events"}`;

/** 202 with where to look, or the result of a run that was waited for: 200 when it completed, or was skipped, else 422: a 200 for a failed run would be a trap. */
export const startedRunAnswer = (outcome: StartOutcome): Answer => {
  if (outcome.kind === 'filtered') return jsonAnswer(200, { status: 'filtered', reason: outcome.reason });
  const { runId, workflow, replayed } = outcome.run;
  const headers = {
    location: `/runs/${runId}`,
    ...(replayed ? { 'idempotency-replayed': 'true' } : {}),
    'content-type': 'application/json',
  };
  switch (outcome.kind) {
    case 'ended': {
      const { result } = outcome;
      const status = result.status === 'completed' || result.error?.code === SKIPPED ? 200 : 422;
      return { status, headers, body: JSON.stringify(outcome.result) };
    }
    case 'responded':
      return {
        status: 200,
        headers,
        body: JSON.stringify({ run_id: runId, status: 'running', output: outcome.response }),
      };
    case 'accepted':
    case 'timed_out':
      return { status: 202, headers, body: acceptedBody(runId, workflow) };
  }
};
