import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { makeTempFolder } from '@millrace/testkit';

const BIN = join(import.meta.dirname, '../../libs/cli/bin/millrace.mjs');
const READY = /^Millrace is ready at (\S+)$/m;

/** `millrace serve` as somebody starts it by hand. */
export interface ServeProcess {
  /** Where its first start says that it is, by its port on loopback. */
  readonly url: string;
  /** The token that it printed. */
  readonly token: string;
  /** All that it printed on stdout. */
  readonly printed: () => string;
  /** `millrace <args>` in the same folder. */
  readonly command: (...args: readonly string[]) => Promise<{ readonly code: number | null; readonly stdout: string }>;
  /** SIGTERM by default; the exit code. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<number | null>;
}

const startIn = (folder: string, args: readonly string[]): ChildProcess => {
  const ours = /^(MILLRACE|NATS|DATABASE)_/;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
  return spawn(process.execPath, [BIN, ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
};

const exitOf = async (child: ChildProcess): Promise<number | null> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
};

/** Starts it in a new folder with these files; scripts are executable. */
export const startServe = async (
  files: Readonly<Record<string, string>>,
  ...flags: readonly string[]
): Promise<ServeProcess> => {
  const folder = makeTempFolder('serve');
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), content);
    chmodSync(join(folder, file), 0o755);
  }
  const server = startIn(folder, ['serve', ...flags]);
  let printed = '';
  const isReady = new Promise<void>((resolve, reject) => {
    server.stdout?.setEncoding('utf8').on('data', (piece: string) => {
      printed += piece;
      if (READY.test(printed)) resolve();
    });
    server.once('exit', (code) => reject(new Error(`serve ended with ${code}:\n${printed}`)));
  });
  await isReady;
  const { port } = new URL(READY.exec(printed)?.[1] ?? '');
  return {
    url: `http://127.0.0.1:${port}`,
    token: /^ +token +(\S+)/m.exec(printed)?.[1] ?? '',
    printed: () => printed,
    command: async (...args) => {
      const child = startIn(folder, args);
      const stdout = child.stdout === null ? '' : await text(child.stdout);
      return { code: await exitOf(child), stdout };
    },
    stop: async (signal = 'SIGTERM') => {
      server.kill(signal);
      return exitOf(server);
    },
  };
};
