import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Reads `1.2.3` out of what `nats-server --version` prints; `undefined` when there is none. */
export const parseVersion = (text: string): string | undefined => /\bv?(\d+\.\d+\.\d+)/.exec(text)?.[1];

/** Whether `version` is `floor` or newer; both `major.minor.patch`. */
export const isAtLeast = (version: string, floor: string): boolean => {
  const numbers = (text: string): number[] => text.split('.').map(Number);
  const [have, want] = [numbers(version), numbers(floor)];
  const differing = want.findIndex((part, index) => part !== have[index]);
  return differing === -1 || (have[differing] ?? 0) > (want[differing] ?? 0);
};

/** What the program at `path` says its version is; `undefined` when it cannot be run or says nothing of the kind. */
export const readServerVersion = async (path: string): Promise<string | undefined> => {
  try {
    const { stdout } = await run(path, ['--version'], { timeout: 5_000 });
    return parseVersion(stdout);
  } catch {
    return undefined;
  }
};
