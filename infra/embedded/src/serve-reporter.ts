import { AppError, messageOf } from '@millrace/kernel';
import { type ServerConfig } from '@millrace/runtime';
import { announcement } from './announcement.ts';
import { eventLines } from './event-line.ts';
import { type PlatformEvent } from './platform-events.ts';
import { type Platform } from './platform.ts';
import { makeStyle } from './style.ts';

/** Says what the server does to whoever started it: stdout, and stderr for why it did not start. */
export interface ServeReporter {
  readonly event: (event: PlatformEvent, config: ServerConfig) => void;
  readonly ready: (platform: Platform, config: ServerConfig) => void;
  readonly stopping: () => void;
  readonly stopped: () => void;
  readonly failed: (error: unknown) => void;
}

const print = (lines: readonly string[]): void => {
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
};

const forPeople = (): ServeReporter => {
  const style = makeStyle(process.stdout.isTTY && !process.env['NO_COLOR']);
  return {
    event: (event, { server }) => print(eventLines(event, server.workflows, style)),
    ready: (platform, config) => print(announcement(platform, config, style)),
    stopping: () =>
      print(['', 'Stopping: no new requests; what runs gets its time to end. Ctrl-C again ends at once.']),
    stopped: () => print(['Millrace has stopped.']),
    failed: (error) => {
      // A bug of ours shows where it is; everything else says what to do.
      const isBug = !(error instanceof AppError) && error instanceof Error;
      const text = isBug ? (error.stack ?? error.message) : messageOf(error);
      process.stderr.write(`${style.red('Millrace did not start.')}\n${text}\n`);
    },
  };
};

const forPrograms = (): ServeReporter => {
  const say = (value: unknown): void => print([JSON.stringify(value)]);
  return {
    event: say,
    ready: ({ url, token, tokenOrigin, deployment }, { server }) =>
      say({
        type: 'ready',
        url,
        // Said once, as to a person; later starts find it in server.json.
        ...(tokenOrigin === 'new' ? { token } : {}),
        durability: server.durability,
        dataDir: server.dataDir,
        workflows: deployment.workflows().filter(({ current }) => current !== undefined).length,
      }),
    stopping: () => say({ type: 'stopping' }),
    stopped: () => say({ type: 'stopped' }),
    failed: (error) => {
      const code = error instanceof AppError ? error.code : 'serve.failed';
      process.stderr.write(`${JSON.stringify({ type: 'failed', code, message: messageOf(error) })}\n`);
    },
  };
};

export const makeServeReporter = (isJson: boolean): ServeReporter => (isJson ? forPrograms() : forPeople());
