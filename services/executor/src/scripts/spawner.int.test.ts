import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeTempFolder } from '@millrace/testkit';
import { expect, test } from 'vitest';

const ENTRY = join(import.meta.dirname, 'spawner.ts');

/** A fresh clone has nothing built, and a spawner is started without the condition that names the sources. */
const NO_WORKSPACES = `data:text/javascript,
  import { registerHooks } from 'node:module';
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier.startsWith('@millrace/')) throw new Error('a spawner must stay small: ' + specifier);
      return next(specifier, context);
    },
  });`;

test('a spawner loads nothing but its own files', async () => {
  const spawner = promisify(execFile)(process.execPath, ['--import', NO_WORKSPACES, ENTRY, makeTempFolder('spawner')]);
  spawner.child.stdin?.end();
  await expect(spawner).resolves.toMatchObject({ stderr: '' });
});
