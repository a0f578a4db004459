import { type Answer, emptyAnswer } from '../../answer.ts';
import { type StartOutcome } from '../../run-snapshot.ts';
import { startedRunAnswer } from '../../started-run-answer.ts';

const REASON_LENGTH_MAX = 200;

/** What a header may carry. The reason quotes the condition, which is the author's, and never the request. */
const headerText = (text: string): string => text.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, REASON_LENGTH_MAX);

/** 202 with where to look, the result of a run that was waited for, 200 for a delivery that came before, 204 for one that nobody wants. */
export const respondToHook = (outcome: StartOutcome): Answer => {
  if (outcome.kind === 'filtered') return emptyAnswer(204, { 'millrace-filtered': headerText(outcome.reason) });
  const answer = startedRunAnswer(outcome);
  return outcome.kind === 'accepted' && outcome.run.replayed ? { ...answer, status: 200 } : answer;
};
