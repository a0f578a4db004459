import { messageOf } from '@millrace/kernel';
import { type CleanupStack, makeCleanupStack } from './cleanup-stack.ts';
import { type Environment } from './config.ts';
import { armFailpointsIn } from './armed-failpoints.ts';
import { LOG_LEVELS, type Logger, type LogLevel, makeLogger } from './logger.ts';
import { watchSupervisor } from './supervisor-watch.ts';

/** Longest time for a service to end in order; after that it just ends. */
const SHUTDOWN_MS = 10_000;
/** The same when the supervisor is gone: what it started went with it, so that there is little left to wait for. */
const ORPHANED_SHUTDOWN_MS = 2_000;

/** What a service's main gets. */
export interface ServiceScope {
  readonly log: Logger;
  readonly env: Environment;
  /** Aborted as the first thing when the service shall end. */
  readonly signal: AbortSignal;
  /** Registers what is undone at the end, in reverse order: register a resource right after it was made. */
  readonly defer: CleanupStack['defer'];
  /** Ends the service in order, with exit code 1 or another: for what happens later and cannot be lived with. */
  readonly fail: (reason: string, error: unknown, exitCode?: number) => void;
}

/** Ports of a service that is ready; they go into its `ready` line and to its supervisor. */
export interface ServiceReady {
  readonly port?: number;
  readonly adminPort?: number;
  /** Of further listeners, by name; absent where there is none. */
  readonly listeners?: Readonly<Record<string, number>>;
}

/** What a supervised service sends its supervisor over IPC. */
export interface ReadyMessage extends ServiceReady {
  readonly type: 'ready';
  readonly service: string;
  readonly pid: number;
}

const logLevelOf = (env: Environment): LogLevel =>
  LOG_LEVELS.find((level) => level === env['MILLRACE_LOG_LEVEL']) ?? 'info';

const announce = (service: string, ready: ServiceReady): void => {
  // Whoever started this waits for the line, whatever the level of the log.
  makeLogger({ service, level: 'info' }).info('ready', { ...ready });
  const message: ReadyMessage = { type: 'ready', service, pid: process.pid, ...ready };
  // A supervisor that is gone is noticed by the watch, not here.
  process.send?.(message, undefined, undefined, () => undefined);
};

/**
 * Runs a service from start to end.
 *
 * `main` builds everything, registers with `defer` what must be undone, and returns when the service is ready; the process then lives until
 * SIGTERM or SIGINT, `fail`, an uncaught error, or the loss of its supervisor (with `MILLRACE_SUPERVISED=1`). It ends in reverse order within
 * {@link SHUTDOWN_MS}, or {@link ORPHANED_SHUTDOWN_MS}; a second signal ends it at once. Exit codes: 0 asked to end, 1 anything else.
 */
export const runService = async (name: string, main: (scope: ServiceScope) => Promise<ServiceReady>): Promise<void> => {
  const env: Environment = process.env;
  const log = makeLogger({ service: name, level: logLevelOf(env) });
  const stack = makeCleanupStack(log);
  const ending = new AbortController();

  const end = (reason: string, exitCode: number, limitMs = SHUTDOWN_MS): void => {
    if (ending.signal.aborted) return;
    log.info('ending', { reason });
    ending.abort();
    setTimeout(() => process.exit(1), limitMs + 1_000).unref();
    void stack.unwind(limitMs).then(() => {
      log.info('ended', { reason });
      process.exit(exitCode);
    });
  };
  const fail = (reason: string, error: unknown, exitCode = 1): void => {
    log.fatal(`${reason}: ${messageOf(error)}`, { err: error });
    end(reason, exitCode);
  };

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => (ending.signal.aborted ? process.exit(1) : end(signal, 0)));
  }
  // State is unknown after one of these: nothing is undone, the log is what is trusted.
  const crash = (reason: string) => (error: unknown) => {
    log.fatal(`${reason}: ${messageOf(error)}`, { err: error });
    process.exit(1);
  };
  process.on('uncaughtException', crash('uncaught exception'));
  process.on('unhandledRejection', crash('unhandled rejection'));
  if (env['MILLRACE_SUPERVISED'] === '1') watchSupervisor(() => end('the supervisor is gone', 1, ORPHANED_SHUTDOWN_MS));

  const failpoints = env['MILLRACE_FAILPOINTS'];
  if (failpoints !== undefined) {
    log.warn('failpoints are armed: this is a test', { folder: failpoints });
    armFailpointsIn(failpoints);
  }
  try {
    const ready = await main({ log, env, signal: ending.signal, defer: stack.defer, fail });
    if (!ending.signal.aborted) announce(name, ready);
  } catch (error) {
    if (!ending.signal.aborted) fail('could not start', error);
  }
};
