import { ALL_DIALECTS } from '@millrace/dialects';
import { AppError } from '@millrace/kernel';
import { readServerConfig, type ServerConfig } from '@millrace/runtime';
import { type PlatformEvent } from './platform-events.ts';
import { type Platform, startPlatform } from './platform.ts';
import { type ServeFlags } from './serve-flags.ts';
import { makeServeReporter, type ServeReporter } from './serve-reporter.ts';

/** Whoever asked for the server is gone, or asks for its end. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const EXIT = { stopped: 0, failed: 1, usage: 2, interrupted: 130 } as const;

interface Ending {
  /** Aborted by the first request to end. */
  readonly signal: AbortSignal;
  /** Resolves with the first request to end. */
  readonly requested: Promise<string>;
}

/** The first signal ends in order, the second at once. */
const watchSignals = (atOnce: () => void): Ending => {
  const ending = new AbortController();
  const requested = Promise.withResolvers<string>();
  const request = (reason: string) => (): void => {
    if (ending.signal.aborted) atOnce();
    ending.abort();
    requested.resolve(reason);
  };
  for (const signal of SIGNALS) process.on(signal, request(signal));
  // `npm start` holds the other end of the channel: when that is gone, nobody sees this server any more.
  process.once('disconnect', () => {
    if (!ending.signal.aborted) request('npm start is gone')();
  });
  process.channel?.unref();
  // The terminal may be gone before we are.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  return { signal: ending.signal, requested: requested.promise };
};

const runUntilEnd = async (config: ServerConfig, reporter: ServeReporter): Promise<number> => {
  let platform: Platform | undefined;
  const ending = watchSignals(() => {
    platform?.kill();
    process.exit(EXIT.interrupted);
  });
  const onEvent = (event: PlatformEvent): void => reporter.event(event, config);
  try {
    platform = await startPlatform(config, { onEvent, signal: ending.signal });
  } catch (error) {
    if (ending.signal.aborted) return EXIT.stopped;
    throw error;
  }
  reporter.ready(platform, config);
  await ending.requested;
  reporter.stopping();
  await platform.stop();
  reporter.stopped();
  return EXIT.stopped;
};

/**
 * `millrace serve`, `npm start`: everything, until it is told to end.
 *
 * @returns the exit code: 0 ended as asked, 1 could not start, 2 wrong configuration.
 */
export const serve = async ({ flags, file, isJson }: Omit<ServeFlags, 'wantsHelp'>): Promise<number> => {
  const reporter = makeServeReporter(isJson);
  try {
    const config = readServerConfig({
      env: process.env,
      flags,
      dialects: ALL_DIALECTS,
      ...(file === undefined ? {} : { file }),
    });
    return await runUntilEnd(config, reporter);
  } catch (error) {
    reporter.failed(error);
    return error instanceof AppError && error.kind === 'invalid' ? EXIT.usage : EXIT.failed;
  }
};
