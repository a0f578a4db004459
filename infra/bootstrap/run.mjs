// What `npm start`, `npm test` and `npm run bench` call, on whatever Node >= 18 is there: installs what is missing,
// then hands over to Node 24, which came with it. No dependencies, because none may be installed yet.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { ensureInstalled, ROOT, toolPath } from './install.mjs';
import { watchParents } from './parents.mjs';

const SOURCE = '--conditions=@millrace/source';

/** What each word runs. A server leads a session of its own, so that Ctrl-C reaches it once, through us. */
const TARGETS = {
  serve: { script: 'infra/embedded/src/main.ts', isServer: true },
  test: { script: 'infra/bootstrap/verify.mjs', isServer: false },
  bench: { script: 'tests/bench/main.ts', isServer: false },
  faults: { script: 'tests/faults/main.ts', isServer: false },
  soak: { script: 'tests/faults/soak/main.ts', isServer: false },
  guarantees: { script: 'tests/faults/guarantees/main.ts', isServer: false },
};

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Compiled code kept between starts: a third of a second less each time. */
const environment = () => ({
  ...process.env,
  PATH: toolPath(process.env.PATH),
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(ROOT, 'node_modules', '.cache', 'compile'),
});

const handOver = (node, { script, isServer }, args) => {
  const child = spawn(node, [SOURCE, join(ROOT, script), ...args], {
    env: isServer ? { ...environment(), MILLRACE_BOOTSTRAPPED: '1' } : environment(),
    stdio: isServer ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit',
    detached: isServer,
  });
  for (const signal of SIGNALS) {
    // On a terminal a child that is no server gets SIGINT like we do.
    process.on(signal, () => (isServer || signal !== 'SIGINT' ? child.kill(signal) : undefined));
  }
  watchParents(() => child.kill('SIGTERM'));
  child.on('error', (error) => {
    console.error(`${node} could not be started: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
};

const [word = '', ...args] = process.argv.slice(2);
const target = TARGETS[word];
if (target === undefined) {
  console.error(`usage: run.mjs ${Object.keys(TARGETS).join(' | ')} [arguments]`);
  process.exit(2);
}
handOver(await ensureInstalled(), target, args);
