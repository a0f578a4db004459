import { ALL_DIALECTS } from '@millrace/dialects';
import { AppError, messageOf } from '@millrace/kernel';
import { readServerConfig, type ServerConfig } from '@millrace/runtime';
import { announcement } from './announcement.ts';
import { eventLines } from './event-line.ts';
import { type Platform, startPlatform } from './platform.ts';
import { type ServeFlags } from './serve-flags.ts';
import { makeStyle, type Style } from './style.ts';

/** Whoever asked for the server is gone, or asks for its end. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const EXIT = { stopped: 0, failed: 1, usage: 2, interrupted: 130 } as const;

const print = (lines: readonly string[]): void => {
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
};

const printError = (error: unknown, style: Style): number => {
  const isUsage = error instanceof AppError && error.kind === 'invalid';
  // A bug of ours shows where it is; everything else says what to do.
  const text =
    error instanceof AppError || !(error instanceof Error) ? messageOf(error) : (error.stack ?? error.message);
  process.stderr.write(`${style.red('Millrace did not start.')}\n${text}\n`);
  return isUsage ? EXIT.usage : EXIT.failed;
};

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

const runUntilEnd = async (config: ServerConfig, style: Style): Promise<number> => {
  let platform: Platform | undefined;
  const ending = watchSignals(() => {
    platform?.kill();
    process.exit(EXIT.interrupted);
  });
  const onEvent = (event: Parameters<typeof eventLines>[0]): void =>
    print(eventLines(event, config.server.workflows, style));
  try {
    platform = await startPlatform(config, { onEvent, signal: ending.signal });
  } catch (error) {
    if (ending.signal.aborted) return EXIT.stopped;
    throw error;
  }
  print(announcement(platform, config, style));
  await ending.requested;
  print(['', 'Stopping: no new requests; what runs gets its time to end. Ctrl-C again ends at once.']);
  await platform.stop();
  print(['Millrace has stopped.']);
  return EXIT.stopped;
};

/**
 * `millrace serve`, `npm start`: everything, until it is told to end.
 *
 * @returns the exit code: 0 ended as asked, 1 could not start, 2 wrong configuration.
 */
export const serve = async ({ flags, file }: Pick<ServeFlags, 'flags' | 'file'>): Promise<number> => {
  const style = makeStyle(process.stdout.isTTY && !process.env['NO_COLOR']);
  try {
    const config = readServerConfig({
      env: process.env,
      flags,
      dialects: ALL_DIALECTS,
      ...(file === undefined ? {} : { file }),
    });
    return await runUntilEnd(config, style);
  } catch (error) {
    return printError(error, style);
  }
};
