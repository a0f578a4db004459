import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ALL_DIALECTS, makeDialect } from '@millrace/dialects';
import { readServerConfig } from '@millrace/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

const SETTINGS = ALL_DIALECTS.flatMap((module) =>
  Object.entries(module.settings.properties).map(([key, schema]) => {
    const value = 'default' in schema ? schema.default : undefined;
    return [module.name, key, value] as const;
  }),
);

test('there are dialects with settings', () => expect(SETTINGS.length).toBeGreaterThan(10));

test.each(SETTINGS)('[dialects.%s] may say %s alone', async (name, key, value) => {
  const file = join(folder, `${name}-${key}.toml`);
  await writeFile(file, `[dialects.${name}]\n${key} = ${JSON.stringify(value)}\n`);
  const { dialects } = readServerConfig({ env: {}, cwd: folder, file, dialects: ALL_DIALECTS });
  expect(dialects).toEqual({ [name]: { [key]: value } });
  const module = ALL_DIALECTS.find((one) => one.name === name);
  expect(module && makeDialect(module, dialects[name]).name).toBe(name);
});
