import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { baseEnvironment, SAFE_PATH } from '../child-environment.ts';
import { makeLineSender, makeLineSplitter } from '../lines.ts';
import { type FromHost, type ToHost } from './host-protocol.ts';

export interface HostProcess {
  readonly pid: number | undefined;
  readonly send: (message: ToHost) => void;
  /** SIGKILL to the host and everything that workflows started from it. */
  readonly kill: () => void;
}

export interface HostOptions {
  /** HOME, TMPDIR and working directory; made when it is missing. */
  readonly directory: string;
  readonly heapMb: number;
  readonly compileCache: string;
  readonly onMessage: (message: FromHost) => void;
  /** Called once, with how it ended. */
  readonly onExit: (how: string) => void;
  /** What it wrote outside of any run, such as the last words of a crash. */
  readonly onText: (text: string) => void;
}

const ENTRY = fileURLToPath(new URL(`./host${import.meta.url.slice(-3)}`, import.meta.url));
const CONDITIONS = process.execArgv.filter((argument) => argument.startsWith('--conditions='));

const killGroup = (pid: number | undefined): void => {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // ESRCH: it is gone.
  }
};

export const startHost = (options: HostOptions): HostProcess => {
  const { directory, heapMb, compileCache, onMessage, onExit, onText } = options;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const child = spawn(
    process.execPath,
    [...CONDITIONS, `--max-old-space-size=${heapMb}`, '--enable-source-maps', ENTRY],
    {
      detached: true,
      cwd: directory,
      // HOME and TMPDIR below the run directory are also how the reaper finds a host that cannot see its executor's end.
      env: { ...baseEnvironment(SAFE_PATH), HOME: directory, TMPDIR: directory, NODE_COMPILE_CACHE: compileCache },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    },
  );
  const channel = child.stdio[3];
  if (!(channel instanceof Socket)) throw new Error('descriptor 3 of a host is no socket');
  channel.setEncoding('utf8');
  channel.on(
    'data',
    makeLineSplitter((line) => onMessage(JSON.parse(line) as FromHost)),
  );
  channel.on('error', () => undefined); // its exit says it all
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', onText);
  child.on('error', () => undefined);
  child.once('close', (code, signal) => {
    killGroup(child.pid);
    onExit(signal ?? `exit code ${code ?? 'unknown'}`);
  });
  return {
    pid: child.pid,
    send: makeLineSender((text) => channel.write(text)),
    kill: () => killGroup(child.pid),
  };
};
