import { isTerminal, type RunEventType } from '@millrace/contracts';
import { accepts, CLOUDEVENT_MEDIA_TYPE, toStructured } from '@millrace/domain';
import { type Answer, type StartOutcome } from '@millrace/dialects';
import { type RunCloudEvents } from '../reading/run-cloud-events.ts';

export const wantsCloudEvent = (accept: string | undefined): boolean => accepts(accept, CLOUDEVENT_MEDIA_TYPE);

const RESPONDED: RunEventType = 'dev.millrace.run.responded.v1';

const isMeantBy =
  ({ kind }: StartOutcome) =>
  (type: string): boolean =>
    kind === 'responded' ? type === RESPONDED : isTerminal(type as RunEventType);

/**
 * The answer to a caller that waited, with the event that ended the run (or answered early) as a CloudEvent in structured mode in place
 * of the body; the status stays. Any other answer stays as it is, and so does this one when the event cannot be had yet.
 */
export const asCloudEvent = async (
  answer: Answer,
  outcome: StartOutcome,
  { outgoing, find }: Pick<RunCloudEvents, 'outgoing' | 'find'>,
): Promise<Answer> => {
  if (outcome.kind !== 'ended' && outcome.kind !== 'responded') return answer;
  const event =
    outcome.event === undefined ? await find(outcome.run.runId, isMeantBy(outcome)) : outgoing(outcome.event);
  if (event === undefined) return answer;
  const headers = { ...answer.headers, 'content-type': CLOUDEVENT_MEDIA_TYPE };
  return { status: answer.status, headers, body: JSON.stringify(toStructured(event)) };
};
