import { AppError } from '@millrace/kernel';

/**
 * Demands a non-empty `X-Workflow-Client` on everything but GET. A page of another site cannot send a header of its own without
 * a CORS preflight, which this server never answers.
 *
 * @throws AppError `forbidden` `auth.missing_client_header`.
 */
export const checkClientHeader = (method: string, header: string | string[] | undefined): void => {
  if (method === 'GET' || (typeof header === 'string' && header.trim() !== '')) return;
  throw new AppError(
    'forbidden',
    'auth.missing_client_header',
    'set the header X-Workflow-Client to any text that names the caller',
    { details: { error: 'missing X-Workflow-Client header' } },
  );
};
