// `npm test`: typecheck, build, lint, format, then every test. Ends with one plain line: `N passed, N failed`.
// With arguments: only the tests that they select (`npm test -- gateway`).
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './install.mjs';

const CACHE = join(ROOT, 'node_modules', '.cache');

/** Of every package that is emitted as JavaScript; the pure ones see no Node there. */
const buildConfigs = () =>
  ['libs', 'services', 'infra'].flatMap((area) =>
    readdirSync(join(ROOT, area))
      .map((name) => join(ROOT, area, name, 'tsconfig.build.json'))
      .filter(existsSync),
  );

const CHECKS = [
  { name: 'typecheck', script: 'typescript/bin/tsc', args: ['-p', '.'] },
  { name: 'build', script: 'typescript/bin/tsc', args: ['-b', ...buildConfigs()] },
  {
    name: 'lint',
    script: 'eslint/bin/eslint.js',
    args: ['.', '--cache', '--cache-location', join(CACHE, 'eslint/'), '--max-warnings', '0'],
  },
  {
    name: 'format',
    script: 'prettier/bin/prettier.cjs',
    args: ['--check', '.', '--cache', '--cache-location', join(CACHE, 'prettier'), '--log-level', 'warn'],
  },
];

let running;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    running?.kill(signal);
    process.exitCode = 130;
    setTimeout(() => process.exit(130), 15_000).unref();
  });
}

const run = (script, args) =>
  new Promise((resolve) => {
    const command = [join(ROOT, 'node_modules', script), ...args];
    running = spawn(process.execPath, command, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
    running.on('error', () => resolve(1));
    running.on('exit', (code) => resolve(code ?? 1));
  });

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

const runCheck = async ({ name, script, args }) => {
  const started = performance.now();
  const passed = (await run(script, args)) === 0;
  console.log(`${passed ? '✓' : '✗'} ${name} (${seconds(started)})`);
  return passed ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
};

/** A file that could not even be loaded, or an error outside of any test, has no failed test of its own. */
const countTests = (report, exitCode) => {
  const isEmptyFailure = ({ status, assertionResults }) =>
    status === 'failed' && !assertionResults.some((assertion) => assertion.status === 'failed');
  const failed = report.numFailedTests + report.testResults.filter(isEmptyFailure).length;
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
};

const runTests = async (args) => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  const file = join(folder, 'report.json');
  const secondTries = join(ROOT, 'infra', 'bootstrap', 'second-tries.mjs');
  const reporters = ['default', 'json', secondTries]
    .map((name) => `--reporter=${name}`)
    .concat(`--outputFile.json=${file}`);
  try {
    const exitCode = await run('vitest/vitest.mjs', ['run', ...reporters, ...args]);
    return countTests(JSON.parse(readFileSync(file, 'utf8')), exitCode);
  } catch (error) {
    console.error(`vitest left no report: ${error.message}`);
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const args = process.argv.slice(2);
const totals = { passed: 0, failed: 0, skipped: 0 };
const add = (counts) => Object.keys(totals).forEach((key) => (totals[key] += counts[key]));

if (args.length === 0) for (const check of CHECKS) add(await runCheck(check));
add(await runTests(args));

const { passed, failed, skipped } = totals;
if (skipped > 0) console.log(`${skipped} skipped: each says why above`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode ||= failed === 0 ? 0 : 1;
