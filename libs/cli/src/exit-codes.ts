/** What the command ends with; documented, so that scripts can rely on it. */
export const EXIT = {
  ok: 0,
  /** The run failed, or what was asked for could not be done. */
  failed: 1,
  usage: 2,
  auth: 3,
  notFound: 4,
  /** Time is up; the run goes on. */
  timeout: 5,
  unavailable: 6,
  /** Ctrl-C; the run goes on. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends the command with an explanation: what happened, and what to do about it. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;
  /** Further lines, such as what to try next. */
  readonly hints: readonly string[];

  constructor(exitCode: ExitCode, message: string, ...hints: readonly string[]) {
    super(message);
    this.exitCode = exitCode;
    this.hints = hints;
  }

  /** Keeps the error that this one explains. */
  causedBy(cause: unknown): this {
    this.cause = cause;
    return this;
  }
}
