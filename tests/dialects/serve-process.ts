import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { makeTempFolder } from '@millrace/testkit';

const PRODUCT = join(import.meta.dirname, '../..');
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

const startIn = (product: string, folder: string, args: readonly string[]): ChildProcess => {
  const ours = /^(MILLRACE|NATS|DATABASE)_/;
  const env = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name))),
    // Compiled code is kept by path: that of a copy goes with it.
    NODE_COMPILE_CACHE: join(product, 'node_modules', '.cache', 'compile'),
  };
  return spawn(process.execPath, [join(product, 'libs/cli/bin/millrace.mjs'), ...args], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
};

const exitOf = async (child: ChildProcess): Promise<number | null> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
};

/** Starts it in a new folder with these files; scripts are executable. */
export const startServe = (
  files: Readonly<Record<string, string>>,
  ...flags: readonly string[]
): Promise<ServeProcess> => startServeOf(PRODUCT, files, ...flags);

/** The same with the sources of another checkout. */
export const startServeOf = async (
  product: string,
  files: Readonly<Record<string, string>>,
  ...flags: readonly string[]
): Promise<ServeProcess> => {
  const folder = makeTempFolder('serve');
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), content);
    chmodSync(join(folder, file), 0o755);
  }
  const server = startIn(product, folder, ['serve', ...flags]);
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
      const child = startIn(product, folder, args);
      const stdout = child.stdout === null ? '' : await text(child.stdout);
      return { code: await exitOf(child), stdout };
    },
    stop: async (signal = 'SIGTERM') => {
      server.kill(signal);
      return exitOf(server);
    },
  };
};
