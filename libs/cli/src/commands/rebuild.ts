import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type CliContext, type CommonFlags } from '../context.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { progressBar } from '../output/progress-bar.ts';
import { safeLine } from '../output/safe-text.ts';
import { type Screen } from '../output/screen.ts';
import { findServerFile } from '../server/find-server.ts';

/** The projector's own program does the work; see there what its lines say. */
const REBUILD = fileURLToPath(new URL('../../../../services/projector/src/rebuild/main.ts', import.meta.url));

type RebuildLine =
  | { readonly type: 'progress'; readonly projection: string; readonly sequence: number; readonly target: number }
  | { readonly type: 'done'; readonly seconds: number }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

const show = (line: RebuildLine, screen: Screen): void => {
  switch (line.type) {
    case 'progress': {
      const { projection, sequence, target } = line;
      const percent = target === 0 ? 100 : (sequence / target) * 100;
      if (screen.isWatched)
        screen.status(progressBar({ percent, message: `${projection} ${sequence} of ${target}` }, screen));
      else screen.say(`progress ${Math.round(percent)} % ${projection} ${sequence} of ${target}`);
      return;
    }
    case 'done':
      screen.say(screen.paint('green', `✓ rebuilt in ${line.seconds} s`));
      return;
    case 'failed':
      screen.status('');
      screen.complain(screen.paint('red', `✗ ${safeLine(line.message)} (${line.code})`));
  }
};

const addresses = ({ env, cwd }: CliContext): { readonly NATS_URL: string; readonly DATABASE_URL: string } => {
  const file = findServerFile(env, cwd)?.file;
  const NATS_URL = env['NATS_URL'] ?? file?.natsUrl;
  const DATABASE_URL = env['DATABASE_URL'] ?? file?.databaseUrl;
  if (NATS_URL !== undefined && DATABASE_URL !== undefined) return { NATS_URL, DATABASE_URL };
  const what = 'no server found: no .millrace/server.json here or in a folder above, nor NATS_URL and DATABASE_URL';
  throw new CommandError(EXIT.unavailable, what, 'start one with: millrace serve');
};

/** Rebuilds the read models from the log into fresh tables, beside the running services. */
export async function rebuild(this: CliContext, flags: CommonFlags): Promise<void> {
  const screen = this.screen(flags);
  const child = spawn(process.execPath, ['--conditions=@millrace/source', REBUILD], {
    env: { ...this.env, ...addresses(this) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close') as Promise<[number | null]>;
  for await (const text of createInterface({ input: child.stdout })) {
    if (!text.startsWith('{')) continue;
    if (flags.json === true) screen.data(text);
    else show(JSON.parse(text) as RebuildLine, screen);
  }
  const [code] = await ended;
  this.endWith(code ?? EXIT.failed);
}
