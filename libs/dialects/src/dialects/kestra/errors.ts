import { STATUS_CODES } from 'node:http';
import { AppError } from '@millrace/kernel';
import { type Answer, jsonAnswer } from '../../answer.ts';
import { httpStatusOf } from '../../errors/http-status.ts';
import { pointerMember } from '../../errors/problem.ts';
import { REDACTED } from '../../secret-names.ts';

export const flowNotFound = (): AppError => new AppError('not_found', 'kestra.flow_not_found', 'Flow not found');
export const webhookNotFound = (): AppError =>
  new AppError('not_found', 'kestra.webhook_not_found', 'Webhook not found');
export const webhookDisabled = (): AppError =>
  new AppError('refused', 'trigger.disabled', 'Cannot execute a disabled flow');

/** What stands before the colon, as the source has it. */
const WORDS: Readonly<Record<number, string>> = {
  404: 'Not Found',
  409: 'Illegal state',
  422: 'Invalid entity',
  500: 'Internal server error',
};

/** Texts that would say more than a caller may know, or that clients compare. */
const DETAILS: Readonly<Record<string, string>> = {
  'workflow.not_in_service': 'Cannot execute an invalid flow',
  'run.not_found': 'Execution not found',
  'trigger.stopped': 'Cannot execute a stopped trigger',
};

/** The key is the credential: it is not repeated to whoever may not have had the right one. */
const shownPath = (path: string): string =>
  path.replace(/^((?:\/api\/v1)(?:\/[^/]+)?\/executions\/webhook\/[^/]*\/[^/]*\/).+$/, `$1${REDACTED}`);

export const kestraError = (error: AppError, _traceId?: string, path = ''): Answer => {
  const status = httpStatusOf(error);
  const detail = error.kind === 'bug' ? 'the log of the gateway knows more' : (DETAILS[error.code] ?? error.message);
  const message = `${WORDS[status] ?? STATUS_CODES[status] ?? 'Error'}: ${detail}`;
  return jsonAnswer(status, {
    message,
    ...pointerMember(error, 'path'),
    _links: { self: [{ href: shownPath(path), templated: false }] },
  });
};
