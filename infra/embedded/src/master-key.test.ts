import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Environment, readServerConfig } from '@millrace/runtime';
import { makeTempFolder } from '@millrace/testkit';
import { expect, test } from 'vitest';
import { ensureMasterKey } from './master-key.ts';

const KEY = Buffer.alloc(32, 1).toString('base64');

const ensure = (dataDir: string, env: Environment = {}) =>
  ensureMasterKey(readServerConfig({ env, cwd: dataDir, flags: { 'data-dir': dataDir } }), env);

test('the first start makes a key that only its owner may read, and later ones keep it', async () => {
  const dataDir = makeTempFolder('master-key');
  const file = join(dataDir, 'master-key');
  expect(await ensure(dataDir)).toEqual({ MILLRACE_MASTER_KEY_FILE: file });
  const made = readFileSync(file, 'utf8');
  expect(Buffer.from(made, 'base64')).toHaveLength(32);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await ensure(dataDir);
  expect(readFileSync(file, 'utf8')).toBe(made);
});

test('a configured key comes before a configured file, and that before one of our own', async () => {
  const dataDir = makeTempFolder('master-key');
  const file = join(dataDir, 'elsewhere');
  writeFileSync(file, KEY);
  expect(await ensure(dataDir, { MILLRACE_MASTER_KEY_FILE: file })).toEqual({ MILLRACE_MASTER_KEY_FILE: file });
  expect(await ensure(dataDir, { MILLRACE_MASTER_KEY: KEY, MILLRACE_MASTER_KEY_FILE: file })).toEqual({
    MILLRACE_MASTER_KEY: KEY,
  });
});

test('what is no key stops the start, and is not shown', async () => {
  const dataDir = makeTempFolder('master-key');
  await expect(ensure(dataDir, { MILLRACE_MASTER_KEY_FILE: '/no/such/key' })).rejects.toThrow('/no/such/key');
  const wrong = ensure(dataDir, { MILLRACE_MASTER_KEY: 'not-a-key' });
  await expect(wrong).rejects.toMatchObject({ kind: 'invalid', message: expect.not.stringContaining('not-a-key') });
});
