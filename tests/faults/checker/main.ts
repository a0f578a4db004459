/**
 * Judges what clients, scripts and subscribers saw: `node tests/faults/checker/main.ts <folder>` prints a verdict as one JSON line. Exit code 0
 * when nothing contradicts a promise, 1 when something does, 2 when there is nothing to judge. It imports nothing of the product.
 */
import { statSync } from 'node:fs';
import { check } from './check.ts';
import { readObservations } from './observations.ts';

const [folder = ''] = process.argv.slice(2);
if (!(statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false)) {
  process.stderr.write('usage: checker/main.ts <folder of observations>\n');
  process.exit(2);
}
const verdict = check(readObservations(folder));
process.stdout.write(`${JSON.stringify(verdict)}\n`);
process.exitCode = verdict.acknowledged === 0 ? 2 : Number(verdict.findings.length > 0);
