import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openLogFile } from './log-file.ts';

const home = mkdtempSync(join(tmpdir(), 'millrace-log-'));
afterAll(() => rmSync(home, { recursive: true }));

test('a log that is full goes aside once and a new one begins', () => {
  const path = join(home, 'deep', 'service.log');
  const log = openLogFile(path, 10);
  for (const line of ['first line\n', 'second line\n', 'third\n']) log.write(Buffer.from(line));
  log.close();
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('second line\n');
  expect(readFileSync(path, 'utf8')).toBe('third\n');
});

test('it goes on where the one before ended', () => {
  const path = join(home, 'again.log');
  for (const line of ['one\n', 'two\n']) {
    const log = openLogFile(path);
    log.write(Buffer.from(line));
    log.close();
  }
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
});
