/**
 * What the caller or the runtime shall do about an error. The kind decides, the code identifies, the message is for people.
 *
 * `invalid` malformed input · `unauthenticated` who are you · `forbidden` not yours · `not_found` no such thing ·
 * `refused` a business rule says no · `too_large` over a size limit · `unsupported` media type · `over_limit` try later ·
 * `conflict` lost an optimistic race · `unavailable` a dependency is away, try later · `bug` everything else.
 */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'refused'
  | 'too_large'
  | 'unsupported'
  | 'over_limit'
  | 'conflict'
  | 'unavailable'
  | 'bug';

/** How each kind surfaces at the HTTP edge and in the log of a service. */
export const POLICY = {
  invalid: { httpStatus: 400, log: 'info' },
  unauthenticated: { httpStatus: 401, log: 'info' },
  forbidden: { httpStatus: 403, log: 'info' },
  not_found: { httpStatus: 404, log: 'info' },
  refused: { httpStatus: 409, log: 'info' },
  too_large: { httpStatus: 413, log: 'info' },
  unsupported: { httpStatus: 415, log: 'info' },
  over_limit: { httpStatus: 429, log: 'info' },
  conflict: { httpStatus: 503, log: 'debug' },
  unavailable: { httpStatus: 503, log: 'warn' },
  bug: { httpStatus: 500, log: 'error' },
} as const satisfies Record<ErrorKind, { httpStatus: number; log: 'debug' | 'info' | 'warn' | 'error' }>;

export interface AppErrorOptions extends ErrorOptions {
  /** After this many seconds the same call may succeed; becomes `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** Extra members of the RFC 9457 problem, safe to show to the caller. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The one error class of the system. An error of any other class is a `bug`. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly kind: ErrorKind;
  /** Stable and documented: `area.reason`. */
  readonly code: string;
  readonly retryAfterSeconds: number | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(kind: ErrorKind, code: string, message: string, options?: AppErrorOptions) {
    super(message, options);
    this.kind = kind;
    this.code = code;
    this.retryAfterSeconds = options?.retryAfterSeconds;
    this.details = options?.details;
  }
}

export const kindOf = (error: unknown): ErrorKind => (error instanceof AppError ? error.kind : 'bug');

/** The message of anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
