import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeLineSender, makeLineSplitter } from '../lines.ts';
import { SAFE_PATH } from '../child-environment.ts';
import { type FromSpawner, type ToSpawner } from './spawner-protocol.ts';

const HEAP_MB = 24;

export interface SpawnerProcess {
  readonly pid: number | undefined;
  readonly send: (message: ToSpawner) => void;
  /** Closing its input makes a spawner kill its scripts and leave. */
  readonly close: () => void;
}

export interface SpawnerOptions {
  /** A directory of its own; made when it is missing. */
  readonly directory: string;
  readonly compileCache: string;
  readonly onMessage: (message: FromSpawner) => void;
  readonly onExit: () => void;
}

/** The sibling of this file, in whichever form this file runs: `.ts` from source, `.js` when built. */
const ENTRY = fileURLToPath(new URL(`./spawner${import.meta.url.slice(-3)}`, import.meta.url));

export const startSpawner = ({ directory, compileCache, onMessage, onExit }: SpawnerOptions): SpawnerProcess => {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const child = spawn(
    process.execPath,
    [`--max-old-space-size=${HEAP_MB}`, '--max-semi-space-size=1', ENTRY, directory],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      cwd: dirname(directory),
      // Without the cache a source checkout strips types anew and stays twice as large for good.
      env: { PATH: SAFE_PATH, NODE_COMPILE_CACHE: compileCache, HOME: join(directory, 'home') },
    },
  );
  child.stdout.setEncoding('utf8');
  child.stdout.on(
    'data',
    makeLineSplitter((line) => onMessage(JSON.parse(line) as FromSpawner)),
  );
  child.stdin.on('error', () => undefined); // its exit says it all
  child.on('error', () => undefined);
  child.once('close', onExit);
  return {
    pid: child.pid,
    send: makeLineSender((text) => child.stdin.write(text)),
    close: () => child.stdin.end(),
  };
};
