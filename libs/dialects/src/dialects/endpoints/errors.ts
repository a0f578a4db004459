import { type AppError } from '@millrace/kernel';
import { type Answer, jsonAnswer } from '../../answer.ts';
import { httpStatusOf } from '../../errors/http-status.ts';
import { pointerMember } from '../../errors/problem.ts';

const detailOf = (error: AppError): string => {
  switch (error.kind) {
    case 'unauthenticated':
      return 'Invalid or expired API key';
    case 'bug':
      return 'An unexpected error occurred';
    default:
      return error.code === 'run.not_found' ? 'Execution not found' : error.message;
  }
};

/** `{"detail": "…"}`; input that a workflow refuses is 422 with a `pointer`, as the framework of the protocol's servers has it. */
export const endpointError = (error: AppError): Answer =>
  jsonAnswer(error.kind === 'invalid' && httpStatusOf(error) === 400 ? 422 : httpStatusOf(error), {
    detail: detailOf(error),
    ...pointerMember(error),
  });
