import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { keepSecret } from './kept-secret.ts';

const home = mkdtempSync(join(tmpdir(), 'millrace-secret-'));
afterAll(() => rmSync(home, { recursive: true }));

test('all who ask at once get the same secret, and later ones too; only the owner may read it', async () => {
  const path = join(home, 'password');
  const secrets = await Promise.all(Array.from({ length: 8 }, () => keepSecret(path)));
  secrets.push(await keepSecret(path));
  expect(new Set(secrets).size).toBe(1);
  expect(secrets[0]).toMatch(/^[0-9a-f]{48}$/);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});
