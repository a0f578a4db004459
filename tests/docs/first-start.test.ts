import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { makeTempFolder } from '@millrace/testkit';
import { expect, test } from 'vitest';
import { isLike, masked } from './output.ts';
import { executedPages, REPOSITORY } from './page.ts';

const FOLDER_SHOWN = '/home/you/millrace';
const READY = /^Millrace is ready at \S+\n/m;

const START_TIMEOUT_MS = 45_000;

/** What `npm start` hands over to, without what it installs, in a folder that has seen no start. */
const printedByFirstStart = async (): Promise<string> => {
  const folder = makeTempFolder('first-start');
  symlinkSync(join(REPOSITORY, 'workflows'), join(folder, 'workflows'));
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(MILLRACE|NATS|DATABASE)_/.test(name)),
  );
  const main = join(REPOSITORY, 'infra', 'embedded', 'src', 'main.ts');
  const server = spawn(process.execPath, ['--conditions=@millrace/source', main, '--port', '0'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: START_TIMEOUT_MS,
  });
  const exited = once(server, 'exit');
  let output = '';
  for await (const text of server.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    output += String(text);
    if (READY.test(output)) break;
  }
  server.stdout.resume();
  server.kill('SIGTERM');
  await exited;
  return output.slice(output.indexOf('  address')).replaceAll(folder, FOLDER_SHOWN);
};

test('the first start prints what README.md shows', async () => {
  const blocks = executedPages().find(({ name }) => name === 'README.md')?.blocks ?? [];
  const shown = blocks.find(({ text }) => READY.test(`${text}\n`))?.text ?? '';
  const printed = await printedByFirstStart();
  if (!isLike(shown, printed)) expect(masked(printed)).toBe(masked(shown));
});
