import {
  AuthError,
  InvalidRequestError,
  MillraceError,
  NOT_MILLRACE,
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
  /** Stable: the server's, else `cli.…` by exit code. */
  readonly code: string;
  /** HTTP status, where a server answered. */
  readonly status?: number;
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

const CODE_OF_EXIT: Readonly<Record<ExitCode, string>> = {
  [EXIT.ok]: 'cli.ok',
  [EXIT.failed]: 'cli.failed',
  [EXIT.usage]: 'cli.usage',
  [EXIT.auth]: 'cli.auth',
  [EXIT.notFound]: 'cli.not_found',
  [EXIT.timeout]: 'cli.timeout',
  [EXIT.unavailable]: 'cli.unavailable',
  [EXIT.interrupted]: 'cli.interrupted',
};

const followHints = (runId: string): readonly string[] => [
  `follow it: millrace logs -f ${runId}`,
  `end it:    millrace cancel ${runId}`,
];

const UNREACHABLE = ['is it running? start it with: millrace serve', 'or name another with --url or MILLRACE_URL'];
const UNAUTHORIZED = 'unauthorized: no token was given, or the server does not know it, or it has expired';
const NO_ACCESS = ['give a token with --token or MILLRACE_TOKEN', 'make one with: millrace token create --scope run'];

/** What only the server's answer can tell. */
const answered = ({ code, status }: MillraceError): Pick<Explanation, 'code' | 'status'> => ({
  code,
  ...(status !== 0 && { status }),
});

const explainAnswer = (error: MillraceError): Explanation => {
  const explain = (exitCode: ExitCode, ...hints: readonly string[]): Explanation => ({
    exitCode,
    ...answered(error),
    message: error.message,
    hints,
  });
  if (error.code === NOT_MILLRACE)
    return explain(EXIT.unavailable, 'look at --url, MILLRACE_URL or .millrace/server.json');
  if (error.status === 401) return { ...explain(EXIT.auth, ...NO_ACCESS), message: UNAUTHORIZED };
  if (error instanceof AuthError) return explain(EXIT.auth, ...NO_ACCESS);
  if (error instanceof NotFoundError) return explain(EXIT.notFound);
  if (error instanceof InvalidRequestError) return explain(EXIT.usage);
  if (error instanceof WaitTimeoutError) return explain(EXIT.timeout, ...followHints(error.runId));
  if (error instanceof OverLimitError) return explain(EXIT.unavailable, 'the server is at its limit; try again later');
  if (error instanceof UnavailableError) return explain(EXIT.unavailable, ...(error.status === 0 ? UNREACHABLE : []));
  return explain(EXIT.failed);
};

const explainCommand = ({ exitCode, message, hints, cause }: CommandError): Explanation => ({
  exitCode,
  ...(cause instanceof MillraceError ? answered(cause) : { code: CODE_OF_EXIT[exitCode] }),
  message,
  hints,
});

/** Puts any error into words and an exit code. */
export const explainError = (error: unknown): Explanation => {
  if (error instanceof CommandError) return explainCommand(error);
  if (error instanceof MillraceError) return explainAnswer(error);
  if (error instanceof AppError) {
    return { exitCode: CODE_OF_KIND[error.kind], code: error.code, message: error.message, hints: [] };
  }
  const message = error instanceof Error ? error.message : String(error);
  const hints = ['this looks like a bug; MILLRACE_DEBUG=1 shows where it is'];
  return { exitCode: EXIT.failed, code: 'cli.bug', message, hints };
};

/** What Ctrl-C says while a run is followed. */
export const interrupted = (runId: string): CommandError =>
  new CommandError(EXIT.interrupted, `interrupted; run ${runId} goes on`, ...followHints(runId));
