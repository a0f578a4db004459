#!/usr/bin/env node
// Runs on any Node >= 18: answers --version at once, hands over to Node 24 when this is an older one, else loads the command.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import * as module from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_FLOOR = 24;
const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const args = process.argv.slice(2);

/** The Node that was installed with Millrace. */
const handOver = () => {
  const require = module.createRequire(import.meta.url);
  let node;
  try {
    node = join(dirname(require.resolve('node/package.json')), 'bin', 'node');
  } catch {
    node = undefined;
  }
  if (node === undefined || !existsSync(node)) {
    console.error(
      `millrace needs Node ${NODE_FLOOR} or newer, this is ${process.version}. Install the dependencies first: npm ci`,
    );
    process.exit(1);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...args], { stdio: 'inherit' });
  // On a terminal the child gets SIGINT as we do.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
};

/** From the sources where they are, so that a forgotten build never speaks for them; else from the build. */
const load = async () => {
  module.enableCompileCache?.(
    process.env.NODE_COMPILE_CACHE ?? join(packageFolder, '../../node_modules/.cache/compile'),
  );
  if (!existsSync(join(packageFolder, 'src', 'main.ts'))) return import('../dist/main.js');
  module.registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, { ...context, conditions: ['@millrace/source', ...context.conditions] }),
  });
  return import('../src/main.ts');
};

if (args.length === 1 && ['--version', '-v', 'version'].includes(args[0])) {
  console.log(JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')).version);
} else if (Number(process.versions.node.split('.')[0]) < NODE_FLOOR) {
  handOver();
} else {
  const { main } = await load();
  process.exitCode = await main(args);
}
