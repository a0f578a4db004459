import { type Answer, jsonAnswer, textAnswer } from '../../answer.ts';
import { type StartOutcome } from '../../run-snapshot.ts';
import { failureOf } from './tell-run.ts';

const TRIGGERED = 'Event triggered';

const triggered = (runId: string, message = TRIGGERED) => ({ triggered: true, run_id: runId, message });

/** The desktop application has a plain text where there is no result; the server a JSON document. */
const withoutResult = (runId: string, isDesktop: boolean): Answer =>
  isDesktop ? textAnswer(200, TRIGGERED) : jsonAnswer(200, triggered(runId));

/**
 * The one JSON document of the later servers: the result itself. Without one, or when time is up, it says that the run was triggered.
 * A run that did not complete is 200 as well, as there; its document has `status` and `error`.
 */
export const answerOutcome = (outcome: StartOutcome, isDesktop: boolean): Answer => {
  switch (outcome.kind) {
    case 'filtered':
      return jsonAnswer(200, { triggered: false, run_id: null, message: `Filtered: ${outcome.reason}` });
    case 'accepted':
    case 'timed_out':
      return withoutResult(outcome.run.runId, isDesktop);
    case 'responded':
      return jsonAnswer(200, outcome.response);
    case 'ended': {
      const { result, run } = outcome;
      if (result.status === 'completed') {
        return result.output === undefined ? withoutResult(run.runId, isDesktop) : jsonAnswer(200, result.output);
      }
      const failure = failureOf(result);
      return jsonAnswer(200, { ...triggered(run.runId, `Run failed: ${failure.error.message}`), ...failure });
    }
  }
};
