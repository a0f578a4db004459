import { AppError, type Clock } from '@millrace/kernel';
import { type TokenStore } from '@millrace/eventlog';
import { sha256Hex } from '@millrace/runtime';
import { type Principal } from './access.ts';

const SCHEME = 'Bearer ';

const unauthorized = (): AppError =>
  new AppError('unauthenticated', 'auth.unauthorized', 'a valid bearer token is required', {
    details: { error: 'unauthorized' },
  });

/**
 * The principal of an `Authorization` header.
 *
 * Every text costs one SHA-256 and one look-up by digest, so nothing about stored tokens shows in the time it takes.
 *
 * @throws AppError `unauthenticated` when the header is absent, malformed, unknown or expired: always the same.
 */
export const authenticate = (
  header: string | undefined,
  tokens: Pick<TokenStore, 'bySha256'>,
  clock: Clock,
): Principal => {
  const bearer = header !== undefined && header.length > SCHEME.length && header.startsWith(SCHEME);
  const digest = sha256Hex(bearer ? header.slice(SCHEME.length) : '');
  const record = tokens.bySha256(digest);
  if (!bearer || record === undefined) throw unauthorized();
  if (record.expiresAt !== undefined && Date.parse(record.expiresAt) <= clock.now()) throw unauthorized();
  return record;
};
