import { AppError, messageOf } from '@millrace/kernel';

/** Ours after two seconds; the statement may run again a moment later. */
const RETRY_AFTER_SECONDS = 2;

/** Class 08 connection, 53 resources, 57 shutdown or cancelled by a timeout, 58 system; 25006 a primary that became a standby. */
const AWAY_SQLSTATE = /^(08|53|57|58)|^25006$|^25P03$/;
/** Lock not available, deadlock, serialization. */
const RACE_SQLSTATE = /^(55P03|40P01|40001)$/;
/** The database, its tables or their newest columns are not there yet. */
const MISSING_SQLSTATE = /^(3D000|3F000|42P01|42703)$/;
const AWAY_ERRNO = /^(ECONN|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|EHOST|ENETUNREACH|ENOENT)/;
/** `pg` and its pool report these without any code. */
const AWAY_MESSAGE =
  /connection terminated|timeout exceeded|query read timeout|not queryable|client was closed|cannot use a pool/i;

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : '';

const firstOf = (error: unknown): unknown => (error instanceof AggregateError ? (error.errors[0] as unknown) : error);

const unavailable = (code: string, message: string, cause: unknown): AppError =>
  new AppError('unavailable', code, message, { cause, retryAfterSeconds: RETRY_AFTER_SECONDS });

/** What an error of `pg` means here; one that is a fault of ours stays as it is. */
export const fromPostgres = (error: unknown): unknown => {
  if (error instanceof AppError) return error;
  const code = codeOf(error) || codeOf(firstOf(error));
  if (MISSING_SQLSTATE.test(code)) {
    return unavailable('read_model.not_migrated', 'the read models have not been created yet', error);
  }
  if (RACE_SQLSTATE.test(code)) return unavailable('read_model.busy', 'the read models are locked', error);
  if (AWAY_SQLSTATE.test(code) || AWAY_ERRNO.test(code) || AWAY_MESSAGE.test(messageOf(error))) {
    return unavailable('read_model.unavailable', 'Postgres is not available', error);
  }
  return error;
};

/** Runs one use of Postgres and translates what it throws, once. */
export const translateError = async <Result>(use: () => Promise<Result>): Promise<Result> => {
  try {
    return await use();
  } catch (error) {
    throw fromPostgres(error);
  }
};
