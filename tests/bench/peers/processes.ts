import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** What a process of a library peer tells; see library/process.mjs. */
interface Message {
  readonly ready?: { readonly port?: number };
  readonly done?: Readonly<Record<string, number>>;
  readonly started?: { readonly n: number; readonly at: number };
}

export interface LibraryProcess {
  readonly pid: number;
  /** Of its front; 0 without one. */
  readonly port: number;
  /** Jobs of a kind that have ended here. */
  readonly done: (kind: string) => number;
  /** When job `n` of kind `clock` ran its first line, milliseconds since the epoch. @throws after 10 s. */
  readonly startOf: (n: number) => Promise<number>;
  readonly stop: () => Promise<void>;
}

export interface LibraryProcessOptions {
  /** Where the peer was installed. */
  readonly folder: string;
  readonly roles: readonly ('front' | 'worker')[];
  readonly settings: Readonly<Record<string, unknown>>;
  /** Default `process.mjs`. */
  readonly entry?: string;
}

const READY_TIMEOUT_MS = 60_000;
const START_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 5_000;
const OUTPUT_KEPT = 4_000;

const untilReady = async (child: ChildProcess, output: () => string): Promise<{ readonly port?: number }> => {
  const ready = Promise.withResolvers<{ readonly port?: number }>();
  const timer = setTimeout(() => ready.reject(new Error(`not ready in time; it wrote: ${output()}`)), READY_TIMEOUT_MS);
  child.once('exit', (code) => ready.reject(new Error(`ended with ${code ?? 'a signal'}; it wrote: ${output()}`)));
  child.on('message', (message: Message) => (message.ready === undefined ? undefined : ready.resolve(message.ready)));
  try {
    return await ready.promise;
  } finally {
    clearTimeout(timer);
  }
};

/** Forgotten when the waiter gives up, so that nothing gathers. */
const makeStarts = () => {
  const waiting = new Map<number, (at: number) => void>();
  const startOf = (n: number): Promise<number> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(n);
        reject(new Error(`job ${n} did not start within ${START_TIMEOUT_MS} ms`));
      }, START_TIMEOUT_MS);
      waiting.set(n, (at) => {
        clearTimeout(timer);
        waiting.delete(n);
        resolve(at);
      });
    });
  return { startOf, onStarted: (n: number, at: number): void => waiting.get(n)?.(at) };
};

const stopChild = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const last = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  child.kill('SIGTERM');
  await once(child, 'exit');
  clearTimeout(last);
};

/** Starts a front, a worker, or both in one process; they end with us. */
export const startLibraryProcess = async (options: LibraryProcessOptions): Promise<LibraryProcess> => {
  const { folder, roles, settings, entry = 'process.mjs' } = options;
  const child = fork(join(folder, entry), [roles.join(',')], {
    cwd: folder,
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', PEER_SETTINGS: JSON.stringify(settings) },
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-OUTPUT_KEPT)));
  }
  let done: Readonly<Record<string, number>> = {};
  const starts = makeStarts();
  child.on('message', (message: Message) => {
    if (message.done !== undefined) ({ done } = message);
    if (message.started !== undefined) starts.onStarted(message.started.n, message.started.at);
  });
  try {
    const { port = 0 } = await untilReady(child, () => output);
    const stop = (): Promise<void> => stopChild(child);
    return { pid: child.pid ?? 0, port, done: (kind) => done[kind] ?? 0, startOf: starts.startOf, stop };
  } catch (error) {
    await stopChild(child);
    throw error;
  }
};
