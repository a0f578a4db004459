import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Figures } from './render.ts';

export const FIGURES_FILE = join(import.meta.dirname, '../figures.jsonl');
export const PAGE_FILE = join(import.meta.dirname, '../../../docs/guarantees.md');

export const readFigures = (file: string): readonly Figures[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Figures)
    : [];

const keyOf = ({ row, test = '' }: Figures): string => `${row} ${test}`;
const numberOf = ({ row }: Figures): number => Number(row.slice(1));

/** The newest of each row and test. */
export const newestOf = (figures: readonly Figures[]): readonly Figures[] => {
  const newest = new Map<string, Figures>();
  for (const one of figures) {
    const known = newest.get(keyOf(one));
    if (known === undefined || known.at <= one.at) newest.set(keyOf(one), one);
  }
  return [...newest.values()].sort((a, b) => numberOf(a) - numberOf(b) || keyOf(a).localeCompare(keyOf(b)));
};

/** Adds figures to those that are kept, the newest of each. */
export const keepFigures = (figures: readonly Figures[]): readonly Figures[] => {
  const kept = newestOf([...readFigures(FIGURES_FILE), ...figures]);
  writeFileSync(FIGURES_FILE, kept.map((one) => `${JSON.stringify(one)}\n`).join(''));
  return kept;
};
