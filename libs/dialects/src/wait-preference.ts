import { AppError } from '@millrace/kernel';
import { WAIT_SECONDS_MAX } from '@millrace/contracts';

/**
 * How long the caller wants to wait, in milliseconds: `?wait=20`, or `Prefer: wait=20` (RFC 7240). 0 when it does not; cut to the maximum.
 *
 * @throws AppError `invalid` `wait.invalid` for a query that is no number. A preference that cannot be read is ignored, as the RFC says.
 */
export const readWait = (query: unknown, prefer: string | string[] | undefined): number => {
  if (query !== undefined) {
    const seconds = typeof query === 'string' && query !== '' ? Number(query) : Number.NaN;
    if (!(seconds >= 0))
      throw new AppError('invalid', 'wait.invalid', 'wait must be a number of seconds, such as wait=20');
    return Math.min(seconds, WAIT_SECONDS_MAX) * 1_000;
  }
  if (prefer === undefined) return 0;
  const match = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?(?:$|[,;\s])/i.exec(String(prefer));
  return match === null ? 0 : Math.min(Number(match[1]), WAIT_SECONDS_MAX) * 1_000;
};
