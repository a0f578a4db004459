/** The server's own description of a failure (RFC 9457), or what could be read of it. */
export interface Problem {
  readonly status: number;
  /** Stable: `area.reason`. */
  readonly code: string;
  readonly detail: string;
  readonly [member: string]: unknown;
}

export interface MillraceErrorOptions extends ErrorOptions {
  readonly retryAfterSeconds?: number | undefined;
  readonly problem?: Problem | undefined;
}

/** Any failure of a call. Its subclasses say what a caller can do about it. */
export class MillraceError extends Error {
  override readonly name: string = 'MillraceError';
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** Stable: `area.reason`. */
  readonly code: string;
  /** After this many seconds the same call may succeed. */
  readonly retryAfterSeconds: number | undefined;
  readonly problem: Problem | undefined;

  constructor(status: number, code: string, message: string, options: MillraceErrorOptions = {}) {
    super(message, options);
    this.status = status;
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.problem = options.problem;
  }
}

/** 400, 413, 415: the request itself is wrong; repeating it does not help. */
export class InvalidRequestError extends MillraceError {
  override readonly name = 'InvalidRequestError';
}
/** 401, 403: no token, a wrong one, or one that may not do this. */
export class AuthError extends MillraceError {
  override readonly name = 'AuthError';
}
/** 404: no such run or workflow, or none that this token may see. */
export class NotFoundError extends MillraceError {
  override readonly name = 'NotFoundError';
}
/** 409: the idempotency key belongs to another request, or the run's state forbids it. */
export class ConflictError extends MillraceError {
  override readonly name = 'ConflictError';
}
/** 429: at a limit; try again after {@link MillraceError.retryAfterSeconds}. */
export class OverLimitError extends MillraceError {
  override readonly name = 'OverLimitError';
}
/** 503, or no answer at all: try again later. */
export class UnavailableError extends MillraceError {
  override readonly name = 'UnavailableError';
}
/** The time that the caller gave is up; the run goes on. */
export class WaitTimeoutError extends MillraceError {
  override readonly name = 'WaitTimeoutError';
  readonly runId: string;

  constructor(runId: string) {
    super(0, 'wait.timeout', `run ${runId} has not ended yet; it goes on`);
    this.runId = runId;
  }
}

const CLASSES: Readonly<Record<number, typeof MillraceError>> = {
  400: InvalidRequestError,
  401: AuthError,
  403: AuthError,
  404: NotFoundError,
  409: ConflictError,
  413: InvalidRequestError,
  415: InvalidRequestError,
  422: InvalidRequestError,
  429: OverLimitError,
  502: UnavailableError,
  503: UnavailableError,
  504: UnavailableError,
};

/** Code of the error when an answer is not one of a Millrace server. */
export const NOT_MILLRACE = 'client.not_millrace';

/** Something answered that is no Millrace server: another program has the port, or a proxy answers in its place. */
export const notMillrace = (status: number, url: string): UnavailableError =>
  new UnavailableError(
    status,
    NOT_MILLRACE,
    `${URL.canParse(url) ? new URL(url).origin : 'something'} answers, but is not a Millrace server`,
  );

const textMember = (body: unknown, name: string): string | undefined => {
  if (typeof body !== 'object' || body === null) return undefined;
  const value: unknown = Reflect.get(body, name);
  return typeof value === 'string' ? value : undefined;
};

const readSeconds = (text: string | null): number | undefined => {
  const seconds = Number.parseFloat(text ?? '');
  return Number.isFinite(seconds) ? seconds : undefined;
};

/** Both kinds of error bodies are understood: problems (`detail`, `code`) and those of the serve dialect (`error`). */
const saidBy = (body: unknown): string | undefined => textMember(body, 'detail') ?? textMember(body, 'error');

/** The bodies of the serve dialect have no code; what they say is prescribed, so it tells which error it is. */
const codeOfDialect = (status: number, says = ''): string => {
  if (status === 401) return 'auth.unauthorized';
  if (status === 413) return 'http.body_too_large';
  if (status === 429) return 'run.over_limit';
  if (says.startsWith('task not found')) return 'workflow.not_found';
  return says === 'run not found' ? 'run.not_found' : `http.${status}`;
};

export const errorOf = (response: Response, body: unknown): MillraceError => {
  const { status, headers } = response;
  const says = saidBy(body);
  // What stands before a server may answer for it that it is away, or that it wants other credentials.
  if (says === undefined && (status === 404 || status === 405)) return notMillrace(status, response.url);
  const ErrorClass = CLASSES[status] ?? MillraceError;
  const detail = says ?? `the server answered ${status}`;
  const code = textMember(body, 'code') ?? codeOfDialect(status, says);
  return new ErrorClass(status, code, detail, {
    problem: typeof body === 'object' && body !== null ? { ...body, status, code, detail } : undefined,
    retryAfterSeconds: readSeconds(headers.get('retry-after')),
  });
};
