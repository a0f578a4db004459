import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

export const BIN = join(import.meta.dirname, '../bin/millrace.mjs');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunCliOptions {
  /** All that the command sees of the environment, besides PATH. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string;
  /** Ctrl-C, once stderr contains this. */
  readonly interruptAt?: string;
}

export const cleanEnvironment = (env: RunCliOptions['env'] = {}): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  ...env,
});

/** Runs the command as its user does: another process, its own environment. */
export const runCli = async (args: readonly string[], options: RunCliOptions = {}): Promise<Ended> => {
  const { env, cwd = '/', input = '', interruptAt } = options;
  const child = spawn(process.execPath, [BIN, ...args], { env: cleanEnvironment(env), cwd });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  child.stdin.end(input);
  let stderr = '';
  let isInterrupted = interruptAt === undefined;
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    stderr += piece;
    if (isInterrupted || !stderr.includes(interruptAt ?? '')) return;
    isInterrupted = true;
    child.kill('SIGINT');
  });
  const stdout = await text(child.stdout);
  return { code: await exited, stdout, stderr };
};

/** What a person sees: the command on a terminal of its own. */
export const runOnTerminal = (args: readonly string[], env: RunCliOptions['env'] = {}): Promise<string> => {
  const command = [process.execPath, BIN, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: cleanEnvironment({ TERM: 'xterm', SHELL: '/bin/sh', ...env }),
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: '/',
  });
  return text(child.stdout);
};
