import { type AppError } from '@millrace/kernel';
import { type Answer, jsonAnswer, textAnswer } from '../../answer.ts';
import { httpStatusOf } from '../../errors/http-status.ts';

/** Any page may call, with a token in a header; the server adds nothing by itself. */
export const CORS = { 'access-control-allow-origin': '*' };

/** Clients show the line as it is; the prefix names the kind. */
const PREFIX: Readonly<Record<AppError['kind'], string>> = {
  invalid: 'Bad request: ',
  unauthenticated: 'Unauthorized',
  forbidden: 'Permission denied: ',
  not_found: 'Not found: ',
  refused: 'Conflict: ',
  too_large: 'Payload too large: ',
  unsupported: 'Unsupported media type: ',
  over_limit: 'Too many requests: ',
  conflict: 'Service unavailable: ',
  unavailable: 'Service unavailable: ',
  bug: 'Internal: ',
};

/** Challenge of custom routes: a token, or a name and a password. */
const CHALLENGE = { 'www-authenticate': 'Bearer, Basic realm="Restricted Area"' };

const lineOf = ({ kind, message }: AppError): string => {
  if (kind === 'unauthenticated') return PREFIX.unauthenticated;
  return kind === 'bug' ? 'Internal: something went wrong here' : `${PREFIX[kind]}${message}`;
};

/** Why a signature cannot even be looked at. */
const MISSING: Readonly<Record<string, string>> = {
  missing_signature: 'the signature header is missing',
  missing_timestamp: 'the header with the time of the signature is missing',
};

/** Answers whose status or form is not that of their kind. */
const PRESCRIBED: Readonly<Record<string, (error: AppError) => Answer>> = {
  'run.queue_too_long': ({ message }) => textAnswer(500, `Internal: ${message}`, CORS),
  'http.method_not_allowed': ({ message }) => textAnswer(405, `Method not allowed: ${message}`, CORS),
  'signature.refused': ({ details }) => {
    const missing = MISSING[String(details?.['reason'])];
    return missing === undefined
      ? jsonAnswer(401, { error: 'signature invalid' }, CORS)
      : textAnswer(400, `Bad request: ${missing}`, CORS);
  },
};

/** One line of text. */
export const renderError = (error: AppError): Answer =>
  PRESCRIBED[error.code]?.(error) ??
  textAnswer(httpStatusOf(error), lineOf(error), {
    ...CORS,
    ...(error.kind === 'unauthenticated' ? CHALLENGE : {}),
  });

export const internal = (message: string): Answer => textAnswer(500, `Internal: ${message}`, CORS);
