import { type RunResult, type TriggerResponse } from '@millrace/contracts';
import { type Answer } from './answer.ts';
import { type StartOutcome } from './run-snapshot.ts';

const statusOf = (outcome: StartOutcome, response: TriggerResponse): number | undefined => {
  switch (outcome.kind) {
    case 'filtered':
      return response.filtered;
    case 'accepted':
    case 'timed_out':
      return response.accepted;
    case 'responded':
      return response.completed;
    case 'ended':
      return outcome.result.status === 'completed' ? response.completed : response.failed;
  }
};

const JSON_TYPE = 'application/json';

const resultOf = ({ status, output, error }: RunResult): unknown =>
  status === 'completed' ? (output ?? null) : { error: error ?? { code: status, message: status } };

/** The output alone; a text is sent as it is where it has a content type of its own. */
const bodyOf = (value: unknown, type: string = JSON_TYPE): string =>
  typeof value === 'string' && !type.startsWith(JSON_TYPE) ? value : JSON.stringify(value);

const resultIn = (outcome: StartOutcome): { readonly value: unknown } | undefined => {
  if (outcome.kind === 'ended') return { value: resultOf(outcome.result) };
  return outcome.kind === 'responded' ? { value: outcome.response } : undefined;
};

const without = (headers: Answer['headers'] = {}, name: string): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).filter(([known]) => known !== name));

const emptied = ({ status, headers }: Answer): Answer => ({ status, headers: without(headers, 'content-type') });

const hasNoBody = (status: number): boolean => status === 204 || status === 205 || status === 304;

const withHeaders = (answer: Answer, status: number, type: string | undefined): Answer => ({
  ...answer,
  status,
  ...(type !== undefined && answer.body !== undefined && { headers: { ...answer.headers, 'content-type': type } }),
});

/** The answer of a dialect, changed as the trigger declares it. An error is no outcome, and keeps the dialect's answer. */
export const shapeAnswer = (answer: Answer, outcome: StartOutcome, response: TriggerResponse | undefined): Answer => {
  if (response === undefined) return answer;
  const { body = 'dialect', content_type: type } = response;
  const status = statusOf(outcome, response) ?? answer.status;
  if (body === 'empty' || hasNoBody(status)) return emptied({ ...answer, status });
  const result = body === 'result' ? resultIn(outcome) : undefined;
  if (result === undefined) return withHeaders(answer, status, type);
  return withHeaders({ ...answer, body: bodyOf(result.value, type) }, status, type ?? JSON_TYPE);
};
