import { type AppError } from '@millrace/kernel';
import { BODY_BYTES_MAX } from '@millrace/contracts';

/** Bodies that the serve dialect prescribes, by code. Clients of the dialect compare these texts. */
const PRESCRIBED: Readonly<Record<string, (error: AppError) => Readonly<Record<string, unknown>>>> = {
  'auth.unauthorized': () => ({ error: 'unauthorized' }),
  'auth.missing_client_header': () => ({ error: 'missing X-Workflow-Client header' }),
  'http.not_found': () => ({ error: 'not found' }),
  'http.body_too_large': () => ({ error: 'request body too large', max_bytes: BODY_BYTES_MAX }),
  'workflow.not_found': ({ details }) => ({ error: `task not found: ${String(details?.['workflow'])}` }),
  'run.not_found': () => ({ error: 'run not found' }),
  'run.over_limit': ({ details }) => ({ error: 'too many concurrent runs', max: details?.['max'] }),
};

/** The body that the serve dialect prescribes for this error, if it does. */
export const dialectBodyOf = (error: AppError): Readonly<Record<string, unknown>> | undefined =>
  PRESCRIBED[error.code]?.(error);
