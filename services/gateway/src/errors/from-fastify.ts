import { type FastifyError } from 'fastify';
import { AppError, type ErrorKind, messageOf } from '@millrace/kernel';
import { BODY_BYTES_MAX } from '@millrace/contracts';

type Translation = readonly [kind: ErrorKind, code: string, message: string];

const BY_CODE: Readonly<Record<string, Translation>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['too_large', 'http.body_too_large', 'request body too large'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported', 'http.media_type', 'send application/json'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'invalid',
    'http.content_length',
    'the body is not as long as Content-Length says',
  ],
  FST_ERR_CTP_INVALID_JSON_BODY: ['invalid', 'http.invalid_json', 'the body is not valid JSON'],
  FST_ERR_BAD_URL: ['invalid', 'http.bad_url', 'the address is not a valid URL path'],
  FST_ERR_MAX_PARAM_LENGTH: ['invalid', 'http.path_too_long', 'the address is too long'],
};

const isFastifyError = (error: unknown): error is FastifyError =>
  error instanceof Error && 'code' in error && typeof error.code === 'string';

interface ValidationProblem {
  readonly instancePath: string;
  readonly message?: string;
}

/** `limit must be <= 200`: where and what, for each thing that is wrong. */
const describeValidation = (part: string, problems: readonly ValidationProblem[]): string =>
  problems
    .map(({ instancePath, message }) => {
      const where = instancePath.slice(1).replaceAll('/', '.');
      return `${where === '' ? part : where} ${message ?? 'is not valid'}`;
    })
    .join('; ');

/** Errors of the HTTP framework in our words; anything unknown is a bug of ours. */
export const toAppError = (error: unknown): AppError => {
  if (error instanceof AppError) return error;
  if (isFastifyError(error)) {
    if (error.validation !== undefined) {
      const part = error.validationContext ?? 'request';
      const detail = describeValidation(part, error.validation);
      return new AppError('invalid', `http.invalid_${part}`, detail, { cause: error });
    }
    const translation = BY_CODE[error.code];
    if (translation !== undefined) {
      const [kind, code, message] = translation;
      const details = kind === 'too_large' ? { max_bytes: BODY_BYTES_MAX } : {};
      return new AppError(kind, code, message, { cause: error, details });
    }
    if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
      return new AppError('invalid', 'http.invalid_request', error.message, { cause: error });
    }
  }
  return new AppError('bug', 'gateway.bug', messageOf(error), { cause: error });
};
