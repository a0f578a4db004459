import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { REPOSITORY } from './page.ts';

const PAGE = readFileSync(join(REPOSITORY, 'docs/security.md'), 'utf8');
const ROWS = [...PAGE.matchAll(/^\| (A\d+) \|.*\| ([^|]+) \|$/gm)].map(([, row = '', tests = '']) => ({
  row,
  files: [...tests.matchAll(/\(\.\.\/([^)]+)\)/g)].map(([, file = '']) => file),
}));

test('every attack that has to be tested has a row, in order', () => {
  const numbers = [...Array(14).keys()].slice(1).concat(16, 19, 20, 21, 22, 23, 24, 25, 26, 28, 29, 30, 33, 34);
  const rows = ROWS.map(({ row }) => row);
  expect(rows).toEqual(expect.arrayContaining(numbers.map((number) => `A${number}`)));
  expect(rows).toEqual(rows.toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1))));
});

test.each(ROWS)('$row names tests that are there and name it', ({ row, files }) => {
  expect(files).not.toEqual([]);
  const silent = files.filter((file) => {
    const path = join(REPOSITORY, file);
    return !existsSync(path) || !new RegExp(`\\b${row}\\b`).test(readFileSync(path, 'utf8'));
  });
  expect(silent).toEqual([]);
});
