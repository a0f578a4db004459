import { AppError } from '@millrace/kernel';
import { namesItsWorkflows } from '@millrace/domain';
import { type PresentedToken } from '@millrace/dialects';
import { type Principal } from './access.ts';

/**
 * Addresses end in logs and histories of others: what stands in them should not open everything.
 *
 * @throws AppError `forbidden` `auth.token_in_query`.
 */
export const checkTokenSource = (
  principal: Principal,
  source: PresentedToken['source'] | undefined,
  queryTokens: 'limited' | 'any',
): void => {
  if (source !== 'query' || queryTokens === 'any' || namesItsWorkflows(principal.scopes)) return;
  throw new AppError(
    'forbidden',
    'auth.token_in_query',
    'only a token that is limited to certain workflows may stand in a query',
  );
};
