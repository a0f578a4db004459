/**
 * `npm run test:faults [-- filter …]`: every row of the matrix, the long ones too; then the figures are kept and `docs/guarantees.md` is
 * written anew. Arguments go to vitest.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const record = join(mkdtempSync(join(tmpdir(), 'millrace-faults-')), 'record.jsonl');
const run = (args: readonly string[], env: NodeJS.ProcessEnv): number =>
  spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...env } }).status ?? 1;

const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
const status = run([vitest, 'run', '--project', 'faults', ...process.argv.slice(2)], {
  MILLRACE_FAULTS: 'all',
  MILLRACE_FAULTS_RECORD: record,
});
// What passed has figures, whatever else failed.
const kept = run([join(import.meta.dirname, 'guarantees/main.ts'), record], {});
process.exitCode = status === 0 ? kept : status;
process.stdout.write(`record: ${record}\n`);
