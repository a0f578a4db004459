import { STATUS_CODES } from 'node:http';
import { type AppError, POLICY } from '@millrace/kernel';
import { type Problem } from '@millrace/contracts';
import { type Answer } from '../answer.ts';
import { httpStatusOf } from './http-status.ts';

/** The RFC 9457 problem of an error. A bug of ours says nothing about itself to the caller. */
export const toProblem = (error: AppError, traceId?: string): Problem => {
  const status = httpStatusOf(error);
  const hidden = error.kind === 'bug';
  return {
    ...(hidden ? {} : error.details),
    type: `urn:millrace:${error.code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: hidden ? 'something went wrong here; the log of the gateway knows more' : error.message,
    code: error.code,
    ...(traceId === undefined ? {} : { trace_id: traceId }),
  };
};

/** JSON pointer to what the input schema refuses; `undefined` for every other error. */
export const pointerOf = ({ details }: AppError): string | undefined => {
  const pointer = details?.['pointer'];
  return typeof pointer === 'string' ? pointer : undefined;
};

/** The pointer of an error as a member of its body, where it has one. */
export const pointerMember = (error: AppError, name = 'pointer'): Readonly<Record<string, string>> => {
  const pointer = pointerOf(error);
  return pointer === undefined ? {} : { [name]: pointer };
};

/** Seconds for `Retry-After`: what the error says, or 1 where trying again later makes sense at all. */
export const retryAfterOf = (error: AppError): number | undefined => {
  if (error.retryAfterSeconds !== undefined) return error.retryAfterSeconds;
  const { httpStatus } = POLICY[error.kind];
  return httpStatus === 429 || httpStatus === 503 ? 1 : undefined;
};

export const problemAnswer = (error: AppError, traceId?: string): Answer => ({
  status: httpStatusOf(error),
  headers: { 'content-type': 'application/problem+json' },
  body: JSON.stringify(toProblem(error, traceId)),
});
