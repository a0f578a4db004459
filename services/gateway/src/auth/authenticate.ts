import { AppError, type Clock } from '@millrace/kernel';
import { type TokenStore } from '@millrace/eventlog';
import { sha256Hex } from '@millrace/runtime';
import { type Principal } from './access.ts';

const SCHEME = 'Bearer ';

const unauthorized = (): AppError =>
  new AppError('unauthenticated', 'auth.unauthorized', 'a valid bearer token is required', {
    details: { error: 'unauthorized' },
  });

/** The token text of an `Authorization` header; `undefined` when it is none. */
export const bearerText = (header: string | undefined): string | undefined =>
  header !== undefined && header.length > SCHEME.length && header.startsWith(SCHEME)
    ? header.slice(SCHEME.length)
    : undefined;

/**
 * The principal of a token text, wherever the caller put it.
 *
 * Every text costs one SHA-256 and one look-up by digest, so nothing about stored tokens shows in the time it takes.
 *
 * @throws AppError `unauthenticated` when the text is absent, unknown or expired: always the same.
 */
export const authenticate = (
  text: string | undefined,
  tokens: Pick<TokenStore, 'bySha256'>,
  clock: Pick<Clock, 'now'>,
): Principal => {
  const record = tokens.bySha256(sha256Hex(text ?? ''));
  if (text === undefined || record === undefined) throw unauthorized();
  if (record.expiresAt !== undefined && Date.parse(record.expiresAt) <= clock.now()) throw unauthorized();
  return record;
};
