import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface BashSession {
  /** Working directory. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Shell texts; they share variables and end with the first command that fails. */
  readonly blocks: readonly string[];
}

export interface BashResult {
  /** Output of each block that began; stderr is in it. */
  readonly outputs: readonly string[];
  readonly exitCode: number | null;
}

const TIMEOUT_MS = 150_000;
const MARK = '\u0001next block\u0001';

/** Runs the blocks of one page in one bash, as a reader who pastes them one after the other does. */
export const runInBash = async ({ folder, env, blocks }: BashSession): Promise<BashResult> => {
  const script = join(folder, 'page.bash');
  const marked = blocks.map((block) => `printf '%s' '${MARK}'\n${block}\n`);
  writeFileSync(script, ['set -euo pipefail', 'exec 2>&1', ...marked].join('\n'));
  const child = spawn('bash', [script], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { outputs: output.split(MARK).slice(1), exitCode };
};
