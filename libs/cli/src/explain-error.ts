import {
  AuthError,
  InvalidRequestError,
  MillraceError,
  NotFoundError,
  OverLimitError,
  UnavailableError,
  WaitTimeoutError,
} from '@millrace/client';
import { AppError, type ErrorKind } from '@millrace/kernel';
import { CommandError, EXIT, type ExitCode } from './exit-codes.ts';

/** What is told about an error: an exit code, what happened, and what to do. */
export interface Explanation {
  readonly exitCode: ExitCode;
  readonly message: string;
  readonly hints: readonly string[];
}

const CODE_OF_KIND: Readonly<Record<ErrorKind, ExitCode>> = {
  invalid: EXIT.usage,
  unauthenticated: EXIT.auth,
  forbidden: EXIT.auth,
  not_found: EXIT.notFound,
  refused: EXIT.failed,
  too_large: EXIT.usage,
  unsupported: EXIT.usage,
  over_limit: EXIT.unavailable,
  conflict: EXIT.unavailable,
  unavailable: EXIT.unavailable,
  bug: EXIT.failed,
};

const followHints = (runId: string): readonly string[] => [
  `follow it: millrace logs -f ${runId}`,
  `end it:    millrace cancel ${runId}`,
];

const UNREACHABLE = ['is it running? start it with: millrace serve', 'or name another with --url or MILLRACE_URL'];
const UNAUTHORIZED = 'unauthorized: no token was given, or the server does not know it, or it has expired';
const NO_ACCESS = ['give a token with --token or MILLRACE_TOKEN', 'make one with: millrace token create --scope run'];

const explainAnswer = (error: MillraceError): Explanation => {
  const explain = (exitCode: ExitCode, ...hints: readonly string[]): Explanation => ({
    exitCode,
    message: error.message,
    hints,
  });
  if (error.status === 401) return { exitCode: EXIT.auth, message: UNAUTHORIZED, hints: NO_ACCESS };
  if (error instanceof AuthError) return explain(EXIT.auth, ...NO_ACCESS);
  if (error instanceof NotFoundError) return explain(EXIT.notFound);
  if (error instanceof InvalidRequestError) return explain(EXIT.usage);
  if (error instanceof WaitTimeoutError) return explain(EXIT.timeout, ...followHints(error.runId));
  if (error instanceof OverLimitError) return explain(EXIT.unavailable, 'the server is at its limit; try again later');
  if (error instanceof UnavailableError) return explain(EXIT.unavailable, ...(error.status === 0 ? UNREACHABLE : []));
  return explain(EXIT.failed);
};

/** Puts any error into words and an exit code. */
export const explainError = (error: unknown): Explanation => {
  if (error instanceof CommandError) return error;
  if (error instanceof MillraceError) return explainAnswer(error);
  if (error instanceof AppError) return { exitCode: CODE_OF_KIND[error.kind], message: error.message, hints: [] };
  const message = error instanceof Error ? error.message : String(error);
  return { exitCode: EXIT.failed, message, hints: ['this looks like a bug; MILLRACE_DEBUG=1 shows where it is'] };
};

/** What Ctrl-C says while a run is followed. */
export const interrupted = (runId: string): CommandError =>
  new CommandError(EXIT.interrupted, `interrupted; run ${runId} goes on`, ...followHints(runId));
