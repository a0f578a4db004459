import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const ROOT = join(import.meta.dirname, '../..');

/** Starts a TypeScript entry of the repository (path from its root) under this Node. */
export const startEntry = (
  entry: string,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = process.env,
): ChildProcess =>
  spawn(process.execPath, ['--conditions=@millrace/source', join(ROOT, entry), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });

/** The first line of a child's standard output for which `wanted` answers something. @throws when the child ends before. */
export const lineOf = async <T>(child: ChildProcess, wanted: (line: string) => T | undefined): Promise<T> => {
  if (child.stdout === null) throw new Error('the child has no standard output');
  for await (const line of createInterface({ input: child.stdout })) {
    const found = wanted(line);
    if (found !== undefined) {
      child.stdout.resume();
      return found;
    }
  }
  throw new Error(`${child.spawnargs.join(' ')} ended without the line that was waited for`);
};

/** Runs an entry to its end and reads the JSON that it prints. */
export const resultOf = async <T>(entry: string, args: readonly string[]): Promise<T> =>
  lineOf(startEntry(entry, args), (line) => JSON.parse(line) as T);

export const stop = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
};
