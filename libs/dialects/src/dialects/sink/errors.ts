import { type AppError } from '@millrace/kernel';
import { type Answer, jsonAnswer, textAnswer } from '../../answer.ts';
import { httpStatusOf } from '../../errors/http-status.ts';
import { pointerMember } from '../../errors/problem.ts';

const refusal = (message: string) => ({ triggered: false, run_id: null, message });

const failure = (code: string, message: string, pointer: { readonly pointer?: string } = {}) => ({
  error: { code, message, ...pointer },
});

const internalError = (traceId: string | undefined): Answer =>
  jsonAnswer(
    500,
    { error: { code: 'INTERNAL_ERROR', id: traceId ?? null, message: 'Internal Server Error' } },
    traceId === undefined ? {} : { 'x-error-id': traceId },
  );

/** Kinds whose status is another one here; the rest has the usual ones. */
const STATUS: Readonly<Partial<Record<AppError['kind'], number>>> = {
  too_large: 400,
  unsupported: 400,
  unavailable: 500,
  conflict: 500,
};

/** The status of an error, as servers of the protocol have it. */
const statusOf = (error: AppError): number => STATUS[error.kind] ?? httpStatusOf(error);

/** Words of the source for what is wrong with a request. */
const reasonOf = (error: AppError): string =>
  error.code === 'http.body_too_large' ? 'Failed to read request body' : error.message;

const CODES: Readonly<Record<number, string>> = {
  400: 'BAD_REQUEST',
  403: 'FORBIDDEN',
  405: 'METHOD_NOT_ALLOWED',
  409: 'CONFLICT',
  429: 'TOO_MANY_REQUESTS',
};

/** Bodies as servers of the protocol send them. */
export const serverError = (error: AppError, traceId: string | undefined): Answer => {
  const status = statusOf(error);
  switch (status) {
    case 401:
      return jsonAnswer(status, refusal('Invalid or missing auth token'));
    case 404:
      return jsonAnswer(
        status,
        error.code === 'run.not_found' ? failure('NOT_FOUND', 'Run not found') : refusal('Route not found'),
      );
    case 500:
      return error.kind === 'bug'
        ? internalError(traceId)
        : jsonAnswer(status, refusal(`Dispatch failed: ${error.message}`));
    default:
      return jsonAnswer(status, failure(CODES[status] ?? 'BAD_REQUEST', reasonOf(error), pointerMember(error)));
  }
};

/** Plain texts, as the desktop application sends them. */
export const desktopError = (error: AppError): Answer => {
  if (error.kind === 'unavailable' || error.kind === 'conflict') return textAnswer(503, 'Event manager busy, retry');
  const status = statusOf(error);
  switch (status) {
    case 401:
      return textAnswer(status, 'Invalid auth token');
    case 404:
      return textAnswer(status, 'Route not found');
    case 500:
      return textAnswer(status, 'Failed to trigger event');
    default:
      return textAnswer(status, reasonOf(error));
  }
};
