import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { trackProcess } from './started-processes.ts';

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;
const LOG_LINES_MAX = 10_000;

/** A process of one service, run from its source. */
export interface StartedService {
  readonly pid: number;
  /** Of its HTTP interface, where it has one. */
  readonly url: string;
  readonly adminUrl: string;
  /** Every line that it has written, stdout and stderr. */
  readonly log: () => readonly string[];
  /** SIGTERM, and its exit code. Killed when it takes longer than 15 s. */
  readonly stop: () => Promise<number | null>;
  /** Sends a signal, SIGKILL by default, and waits for the end. */
  readonly kill: (signal?: NodeJS.Signals) => Promise<void>;
  readonly isAlive: () => boolean;
}

export interface StartServiceOptions {
  /** On top of the environment of the test; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly readyTimeoutMs?: number;
}

interface ReadyLine {
  readonly port?: number;
  readonly adminPort?: number;
}

const readyLineOf = (line: string): ReadyLine | undefined => {
  if (!line.includes('"msg":"ready"')) return undefined;
  try {
    const { port, adminPort } = JSON.parse(line) as ReadyLine;
    return { ...(port === undefined ? {} : { port }), ...(adminPort === undefined ? {} : { adminPort }) };
  } catch {
    return undefined;
  }
};

/** Variables that configure a real server must not reach one of a test. */
const isolatedEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(MILLRACE_|NATS_URL$|DATABASE_URL$|OTEL_|VITEST|NODE_OPTIONS$)/.test(name),
    ),
  );

/**
 * Starts the `main.ts` of a service and waits for its ready line. The service ends with the test process, whatever ends that.
 *
 * @param entry absolute path of its `main.ts`
 */
export const startService = async (entry: string, options: StartServiceOptions = {}): Promise<StartedService> => {
  const child = spawn(process.execPath, ['--conditions=@millrace/source', entry], {
    env: { ...isolatedEnvironment(), MILLRACE_ADMIN_PORT: '0', MILLRACE_SUPERVISED: '1', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const lines: string[] = [];
  const isAlive = (): boolean => child.exitCode === null && child.signalCode === null;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  trackProcess({ name: entry, pid, isAlive });

  const ready = Promise.withResolvers<ReadyLine>();
  const failed = (why: string): void =>
    ready.reject(new Error(`${entry} ${why}; it wrote:\n${lines.slice(-30).join('\n')}`));
  const timer = setTimeout(() => failed('was not ready in time'), options.readyTimeoutMs ?? READY_TIMEOUT_MS);
  for (const input of [child.stdout, child.stderr]) {
    if (input === null) continue;
    createInterface({ input }).on('line', (line) => {
      if (lines.length >= LOG_LINES_MAX) lines.shift();
      lines.push(line);
      const found = readyLineOf(line);
      if (found !== undefined) ready.resolve(found);
    });
  }
  child.once('close', (code, signal) => failed(`ended with ${signal ?? code ?? 'nothing'}`));

  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    if (!isAlive()) return;
    child.kill(signal);
    await exited;
  };
  const stop = async (): Promise<number | null> => {
    const last = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await kill('SIGTERM');
    clearTimeout(last);
    return child.exitCode;
  };
  try {
    const { port = 0, adminPort = 0 } = await ready.promise;
    const url = `http://127.0.0.1:${port}`;
    return { pid, url, adminUrl: `http://127.0.0.1:${adminPort}`, log: () => [...lines], stop, kill, isAlive };
  } catch (error) {
    await kill();
    throw error;
  } finally {
    clearTimeout(timer);
  }
};
