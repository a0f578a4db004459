import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readServerFile, serverFilePath } from './server-file.ts';

let dataDir = '';
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'millrace-server-file-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

test('what was written is read', () => {
  const content = {
    url: 'http://h',
    token: 't',
    natsUrl: 'nats://h',
    databaseUrl: 'postgres://h',
    pids: { gateway: 1 },
  };
  writeFileSync(serverFilePath(dataDir), JSON.stringify(content));
  expect(readServerFile(dataDir)).toEqual(content);
});

test.each([['nothing'], ['{'], ['{"url":1}']])('a folder with %s has no server', (content) => {
  if (content !== 'nothing') writeFileSync(serverFilePath(dataDir), content);
  expect(readServerFile(dataDir)).toBeUndefined();
});
