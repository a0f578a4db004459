import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '@millrace/kernel';
import { type ReadyMessage, type ServerProcess } from '@millrace/runtime';
import { type ExitStatus } from './bound-process.ts';
import { type RunningProcess } from './keep-running.ts';
import { makeOutputTail } from './output-tail.ts';
import { readableLine } from './service-lines.ts';

export type ServiceName = Exclude<ServerProcess, 'nats' | 'postgres'>;

export interface StartServiceOptions {
  readonly name: ServiceName;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted when it is not wanted any more, should it still be starting. */
  readonly giveUp: AbortSignal;
  /** For it to end in order; then it is killed. */
  readonly stopGraceMs: number;
  readonly onOutput: (chunk: Buffer) => void;
}

export interface RunningService extends RunningProcess {
  /** Of its HTTP interface; 0 where it has none. */
  readonly port: number;
  readonly adminPort: number;
  /** Ports of its further listeners, by name. */
  readonly listeners: Readonly<Record<string, number>>;
}

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
const READY_TIMEOUT_MS = 30_000;
/** Where objects are young: V8 would let it grow to 128 MiB in each service under load, which saves no time that was seen. */
const NODE_FLAGS = ['--conditions=@millrace/source', '--max-semi-space-size=16'];

const isReadyMessage = (message: unknown): message is ReadyMessage =>
  typeof message === 'object' && message !== null && 'type' in message && message.type === 'ready';

/** Resolves with its ready message; `undefined` when it ended first or took too long. */
const waitUntilReady = async (child: ChildProcess, giveUp: AbortSignal): Promise<ReadyMessage | undefined> => {
  const given = new AbortController();
  const timer = setTimeout(() => given.abort(), READY_TIMEOUT_MS);
  child.once('exit', () => given.abort());
  const signal = AbortSignal.any([given.signal, giveUp]);
  try {
    for (;;) {
      const received: readonly unknown[] = await once(child, 'message', { signal });
      const message = received[0];
      if (isReadyMessage(message)) return message;
    }
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
};

const LAST_LINES_MAX = 5;

/** What it said that people should see, without what Node prints around it. */
const lastWords = (text: string): string => {
  const messages = text.split('\n').flatMap((line) => readableLine(line)?.message ?? []);
  const telling = messages.filter((message) => !/^\s+at |^\s*(throw err;|\^|\}|Node\.js v)/.test(message));
  return telling.length === 0 ? '' : `:\n  ${telling.slice(-LAST_LINES_MAX).join('\n  ')}`;
};

/**
 * Starts a service in a process of its own and waits until it is ready. It ends when this process does: it watches the
 * channel between the two.
 *
 * @throws AppError `unavailable` `service.not_started` with the last that it printed.
 */
export const startService = async (options: StartServiceOptions): Promise<RunningService> => {
  const { name, env, stopGraceMs, onOutput } = options;
  const main = join(REPOSITORY, 'services', name, 'src', 'main.ts');
  const child = spawn(process.execPath, [...NODE_FLAGS, main], {
    cwd: REPOSITORY,
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A session of its own: Ctrl-C on the terminal is for the supervisor, which stops services in order.
    detached: true,
  });
  const tail = makeOutputTail();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      tail.add(chunk);
      onOutput(chunk);
    });
  }
  const exited = new Promise<ExitStatus>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: 1, signal: null }));
  });
  const ready = await waitUntilReady(child, options.giveUp);
  if (ready === undefined) {
    child.kill('SIGKILL');
    throw new AppError('unavailable', 'service.not_started', `${name} did not start${lastWords(tail.text())}`);
  }
  const kill = (): void => void child.kill('SIGKILL');
  const stop = async (): Promise<ExitStatus> => {
    child.kill('SIGTERM');
    const timer = setTimeout(kill, stopGraceMs);
    const status = await exited;
    clearTimeout(timer);
    return status;
  };
  const { port = 0, adminPort = 0, listeners = {} } = ready;
  return { pid: child.pid ?? 0, port, adminPort, listeners, exited, stop, kill };
};
