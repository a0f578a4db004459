import { AppError, POLICY, kindOf } from '@millrace/kernel';

/** Codes whose status is not the one of their kind. */
const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  'http.method_not_allowed': 405,
  'http.not_acceptable': 406,
  'http.path_too_long': 414,
  'http.misdirected': 421,
};

export const httpStatusOf = (error: unknown): number => {
  const byCode = error instanceof AppError ? STATUS_BY_CODE[error.code] : undefined;
  return byCode ?? POLICY[kindOf(error)].httpStatus;
};
