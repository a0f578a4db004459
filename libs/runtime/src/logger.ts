import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino';
import { type LineOutput, openStdoutLines } from './line-output.ts';
import { redact, redactText } from './redaction.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Members of a line. `err` takes an error; `run_id` and `trace_id` are what lines are searched by. */
export type LogFields = Readonly<Record<string, unknown>>;

type Write = (message: string, fields?: LogFields) => void;

/** One JSON line for each call, on stdout, in order; `fatal` and an exit write all that is there. Secrets do not appear in it. */
export interface Logger {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
  readonly fatal: Write;
  /** A logger whose lines all carry these members. */
  readonly child: (bindings: LogFields) => Logger;
}

export interface LoggerOptions {
  readonly service: string;
  /** `info` by default. */
  readonly level?: LogLevel;
  /** Where the lines go instead of stdout. */
  readonly destination?: DestinationStream;
}

const wrap = (logger: PinoLogger): Logger => {
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error' | 'fatal'): Write =>
    (message, fields) => {
      if (!logger.isLevelEnabled(level)) return;
      logger[level](fields === undefined ? {} : redact(fields), redactText(message));
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    fatal: write('fatal'),
    child: (bindings) => wrap(logger.child(redact(bindings))),
  };
};

let stdoutLines: LineOutput | undefined;

/** The logger of a service: `{"level":"info","time":"…","service":"gateway","pid":1,"msg":"…",…}`. */
export const makeLogger = ({ service, level = 'info', destination }: LoggerOptions): Logger =>
  wrap(
    pino(
      {
        level,
        base: { service, pid: process.pid },
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        // Errors are already plain objects when they get here: see redaction.ts.
        serializers: { err: (error: unknown) => error },
      },
      destination ?? (stdoutLines ??= openStdoutLines()),
    ),
  );
