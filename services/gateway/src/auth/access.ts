import { type TokenRecord } from '@millrace/contracts';
import { startsSomething } from '@millrace/domain';

/**
 * Who may call a route. `read` and `run` let in every token that can read or run anything at all; the route then checks the
 * workflow or run it is about. `trigger` routes ask the trigger that the address means.
 */
export type Access = 'public' | 'read' | 'run' | 'admin' | 'trigger';

export const ACCESS_KINDS: readonly Access[] = ['public', 'read', 'run', 'admin', 'trigger'];

/** The caller, as its token says. */
export type Principal = Pick<TokenRecord, 'id' | 'scopes'>;

/** Whether a token has any business on routes of this kind. */
export const mayEnter = ({ scopes }: Principal, access: Exclude<Access, 'public' | 'trigger'>): boolean => {
  if (scopes.includes('admin')) return true;
  switch (access) {
    case 'admin':
      return false;
    case 'run':
      return startsSomething(scopes);
    case 'read':
      return startsSomething(scopes) || scopes.includes('read');
  }
};
