/** `npm run guarantees [-- <file of JSON lines>]`: adds figures to those that are kept, and writes `docs/guarantees.md`. */
import { writeFileSync } from 'node:fs';
import { keepFigures, PAGE_FILE, readFigures } from './figures.ts';
import { renderGuarantees } from './render.ts';

const [file] = process.argv.slice(2);
writeFileSync(PAGE_FILE, renderGuarantees(keepFigures(file === undefined ? [] : readFigures(file))));
process.stdout.write(`${PAGE_FILE}\n`);
