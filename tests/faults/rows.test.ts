import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FIGURES_FILE, PAGE_FILE, readFigures } from './guarantees/figures.ts';
import { renderGuarantees } from './guarantees/render.ts';
import { PROMISES, SHOWN_ELSEWHERE } from './promises.ts';
import { ROWS } from './rows.ts';

const ROOT = join(import.meta.dirname, '../..');
const ROWS_IN_ALL = 38;

const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

describe('the matrix of faults', () => {
  test(`has the rows F1 to F${ROWS_IN_ALL}, each with a test`, () => {
    expect(ROWS.map(({ id }) => id)).toEqual(Array.from({ length: ROWS_IN_ALL }, (_, index) => `F${index + 1}`));
    for (const { id, tests } of ROWS) expect([id, tests.length > 0]).toEqual([id, true]);
  });

  test('names tests that are there', () => {
    const named = [...ROWS.flatMap(({ tests }) => tests), ...Object.values(SHOWN_ELSEWHERE).flat()];
    expect(named.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });

  test('names every test of faults, and each of them records the rows that name it', () => {
    const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' }).map(
      (path) => `tests/faults/${path}`,
    );
    const rowless = new Set(
      ['rows', 'checker/check', 'power-cut/traced-store', 'soak/memory'].map((name) => `tests/faults/${name}.test.ts`),
    );
    const tests = files.filter((path) => path.endsWith('.test.ts') && !rowless.has(path));
    const named = new Set(ROWS.flatMap((row) => row.tests));
    expect(tests.filter((path) => !named.has(path))).toEqual([]);
    const silent = ROWS.filter(({ id, tests: own }) => !own.some((file) => textOf(file).includes(`'${id}'`)));
    expect(silent.map(({ id }) => id)).toEqual([]);
  });

  test('has a row or another test for each promise', () => {
    const shown = new Set([...ROWS.flatMap(({ promises }) => promises), ...Object.keys(SHOWN_ELSEWHERE)]);
    expect(Object.keys(PROMISES).filter((promise) => !shown.has(promise))).toEqual([]);
  });
});

/** The page without figures: what follows the tests of a row, and where they come from. */
const withoutFigures = (page: string): string =>
  page
    .split('\n')
    .filter((line) => !line.startsWith('Last figures'))
    .map((line) => (line.startsWith('[`') ? line.slice(0, line.indexOf('): ') + 1) : line))
    .join('\n');

test('docs/guarantees.md is made of the rows as they are: else run `npm run guarantees`', () => {
  const page = renderGuarantees(readFigures(FIGURES_FILE));
  expect(withoutFigures(readFileSync(PAGE_FILE, 'utf8'))).toBe(withoutFigures(page));
});
